#include "policy/room_event.h"

#include <string_view>

namespace rollcall::policy {

RoomContent::RoomContent() = default;
RoomContent::~RoomContent() = default;
RoomContent::RoomContent(const RoomContent&) = default;
RoomContent& RoomContent::operator=(const RoomContent&) = default;
RoomContent::RoomContent(RoomContent&&) noexcept = default;
RoomContent& RoomContent::operator=(RoomContent&&) noexcept = default;

std::string_view to_text(MembershipState state) {
    switch (state) {
        case MembershipState::none:
            return "none";
        case MembershipState::invite:
            return "invite";
        case MembershipState::join:
            return "join";
        case MembershipState::leave:
            return "leave";
        case MembershipState::ban:
            return "ban";
        case MembershipState::knock:
            return "knock";
    }
    return "none";
}

}  // namespace rollcall::policy
