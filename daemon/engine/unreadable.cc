#include "daemon/engine/unreadable.h"

#include <algorithm>

namespace rollcall::engine {

bool Unreadable::add(const policy::UnreadableEvent& event, Time now) {
    if (std::any_of(events_.begin(), events_.end(), [&](const Event& known) { return known.what == event; }))
        return false;
    if (events_.size() < kNamed) {
        events_.push_back({event, now});
        return true;
    }
    ++unnamed_;
    return false;
}

void Unreadable::member_read(const std::string& room, const std::string& user) {
    std::erase_if(events_, [&](const Event& event) {
        return event.what.room == room && !user.empty() && event.what.user == user;
    });
}

void Unreadable::room_read(const policy::RoomRead& read) {
    std::erase_if(events_, [&](const Event& event) {
        return event.what.room == read.room &&
               std::find(read.unreadable.begin(), read.unreadable.end(), event.what) == read.unreadable.end();
    });
    if (events_.size() < kNamed) unnamed_ = 0;
}

}  // namespace rollcall::engine
