#include "daemon/control/callers.h"

#include <algorithm>
#include <map>

namespace rollcall::control {

std::size_t Callers::count(uid_t uid) const {
    return static_cast<std::size_t>(std::count_if(callers_.begin(), callers_.end(), [uid](const Caller& one) {
        return one.uid == uid && !one.leaving;
    }));
}

bool Callers::put_out_idle(uid_t uid) {
    const auto oldest = std::find_if(callers_.begin(), callers_.end(), [uid](const Caller& one) {
        return one.uid == uid && !one.busy && !one.leaving;
    });
    if (oldest == callers_.end()) return false;
    oldest->leaving = true;
    put_out_(oldest->fd);
    return true;
}

Callers::Entry Callers::make_room(uid_t uid) {
    if (count(uid) >= limits_.of_one && !put_out_idle(uid)) return Entry::enough_of_one;
    if (privileged(uid)) return Entry::let_in;
    std::map<uid_t, std::size_t> counts;
    std::size_t all = 0;
    for (const Caller& one : callers_)
        if (!one.leaving && !privileged(one.uid)) ++counts[one.uid], ++all;
    while (all >= limits_.of_all) {
        const auto most = std::max_element(counts.begin(), counts.end(),
                                           [](const auto& a, const auto& b) { return a.second < b.second; });
        if (most == counts.end()) return Entry::enough_of_all;
        if (put_out_idle(most->first))
            --most->second, --all;
        else
            counts.erase(most);  // all of theirs are worked at
    }
    return Entry::let_in;
}

Callers::Caller* Callers::enter(uid_t uid, int fd) {
    Caller& caller = callers_.emplace_back();
    caller.uid = uid;
    caller.fd = fd;
    return &caller;
}

void Callers::leave(Caller* caller) {
    callers_.remove_if([caller](const Caller& one) { return &one == caller; });
}

bool Callers::may_be_large(Caller& caller) const {
    caller.large = caller.large || std::none_of(callers_.begin(), callers_.end(), [&](const Caller& one) {
                       return one.uid == caller.uid && one.large;
                   });
    return caller.large;
}

}  // namespace rollcall::control
