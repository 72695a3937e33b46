// resolve(): the addresses of a name, within a time.
//
// getaddrinfo() cannot be ended: with a name server that does not answer it takes as long as resolv.conf
// says. So a thread of its own asks, which is left behind when the time is over; it holds nothing but the
// question and the answer, and ends by itself. Any thread.
#pragma once

#include <netdb.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "policy/base/result.h"

namespace rollcall::directory {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

// `given_up` is asked now and then. `look_up` is getaddrinfo(); tests put a slower one in its place.
using LookUp = std::function<int(const char*, const char*, const addrinfo*, addrinfo**)>;
[[nodiscard]] Result<Addresses> resolve(const std::string& host, int port, std::chrono::milliseconds limit,
                                        const std::function<bool()>& given_up,
                                        const LookUp& look_up = ::getaddrinfo);

}  // namespace rollcall::directory
