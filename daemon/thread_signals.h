// Signals are the engine's: it takes them from a descriptor in its loop. Every other thread of ours begins
// with this, or the kernel might hand one to a thread that does not expect it.
#pragma once

#include <pthread.h>
#include <csignal>

namespace rollcall {

// Of the calling thread, for as long as it lives.
inline void leave_signals_to_the_engine() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace rollcall
