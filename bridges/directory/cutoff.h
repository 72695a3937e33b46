// Cutoff: ends a thread's network wait from another thread, at once.
//
// libldap blocks in TLS handshakes and in ldap_result, and offers no way to wake it. Shutting the socket down
// does: every wait on it, a connect in progress too, returns at once. The descriptor stays open until its
// owner closes it, so no number is reused under anyone's feet. Safe on any thread. The thread that owns the
// connection attaches and detaches; any thread cuts, once and for good.
#pragma once

#include <mutex>

namespace rollcall::directory {

class Cutoff {
  public:
    // False if it was cut before: the caller closes its socket and gives up.
    [[nodiscard]] bool attach(int socket);
    void detach();
    void cut();
    [[nodiscard]] bool is_cut() const;
    Cutoff() = default;
    Cutoff(const Cutoff&) = delete;
    Cutoff& operator=(const Cutoff&) = delete;

  private:
    mutable std::mutex mutex_;
    int socket_ = -1;   // protected by mutex_
    bool cut_ = false;  // protected by mutex_
};

}  // namespace rollcall::directory
