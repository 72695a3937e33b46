// The words that a policy file chooses among, and what each means. schema/ reads them, and changes of the
// policy are told in them. Constant; any thread.
#pragma once

#include <array>

#include "policy/base/choice.h"
#include "policy/policy_file.h"

namespace rollcall::policy {

inline constexpr std::array<Choice<Admission>, 2> kAdmission{
    {{"join", Admission::join}, {"invite", Admission::invite}}};
inline constexpr std::array<Choice<History>, 3> kHistory{
    {{"joined", History::joined}, {"invited", History::invited}, {"shared", History::shared}}};
inline constexpr std::array<Choice<Outsiders>, 2> kOutsiders{
    {{"none", Outsiders::none}, {"approved", Outsiders::approved}}};
inline constexpr std::array<Choice<WhoPosts>, 2> kWhoPosts{
    {{"everyone", WhoPosts::everyone}, {"owners", WhoPosts::owners}}};
inline constexpr std::array<Choice<WhoInvites>, 3> kWhoInvites{
    {{"everyone", WhoInvites::everyone}, {"owners", WhoInvites::owners}, {"nobody", WhoInvites::nobody}}};
inline constexpr std::array<Choice<Leaving>, 2> kLeaving{
    {{"free", Leaving::free}, {"rejoin", Leaving::rejoin}}};
inline constexpr std::array<Choice<LeaveScope>, 2> kLeaveScope{
    {{"every_room", LeaveScope::every_room}, {"managed_rooms", LeaveScope::managed_rooms}}};

}  // namespace rollcall::policy
