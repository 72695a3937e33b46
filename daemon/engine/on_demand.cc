// Engine: whoever asks is told of now. What is known to work is believed for a moment; what does not, and
// would be looked at again by and by, is tried now, for nobody oftener than about once a second.
#include <algorithm>
#include <utility>

#include "daemon/engine/engine.h"
#include "daemon/engine/waits.h"

namespace rollcall::engine {

using policy::ActionKey;

namespace {
constexpr Duration kLately = std::chrono::seconds{10};
constexpr Duration kTryAtMost = std::chrono::seconds{3};  // a command waits for one try of what hangs
// Of what is refused to the bot's account, however much that is.
constexpr std::size_t kTriedOfRefused = 4;
}  // namespace

bool is_of_the_barred(bool as_bot, const std::string& text) {
    return as_bot && text.starts_with("M_USER_");
}

bool Engine::ways_looked_at(Duration waited, bool anew) {
    const Tick began = world_.tick - waited, since = began - kTryOnDemand;
    if (reach_.away()) {  // that is told instead, once it is known to be so now
        if (reach_.asked_in_vain_at() >= since || waited >= kTryAtMost) return true;
        reach_.ask_now(world_.tick);
        more_ = true;
        return false;
    }
    const bool good = mask_ != Mask::unknown && way_back_.state() != WayBack::State::broken &&
                      refused_to_the_bot().empty() && admin_room_.trouble.empty() && lost_.empty() &&
                      accounts_awaited().empty();
    if (ways_looked_at_ && anew && *ways_looked_at_ > began) return true;
    if (ways_looked_at_ && !anew &&
        (*ways_looked_at_ >= since || (good && world_.tick - *ways_looked_at_ < kLately)))
        return true;
    if (!look_at_ways_now_) {
        look_at_ways_now_ = more_ = true;
        if (!way_back_.pinging()) way_back_.ping_soon();
        way_back_.probe_soon();
        next_mask_ = Tick{};
        ask_for_admin_room();
        try_what_is_red();
    }
    return false;
}

bool Engine::directory_looked_at(Duration waited) {
    const policy::DirectoryStatus& status = directory_status_;
    const bool up = status.health == policy::DirectoryHealth::up;
    if (!directory_tried()) return false;
    if (settings_.one_shot || (up && status.sentence().empty() && world_.frozen.empty())) return true;
    const Tick since = world_.tick - waited - kTryOnDemand;
    if (waited >= kTryAtMost || (directory_told_ && *directory_told_ >= since)) return true;
    if (directory_asked_ && *directory_asked_ >= since) return !directory_tries_;
    directory_asked_ = world_.tick;
    directory_tries_ = directory_.try_now();
    return !directory_tries_;
}

// Nothing tells that the bot's account was suspended, or is no more, but what is refused.
std::vector<ActionKey> Engine::refused_to_the_bot() const {
    std::vector<ActionKey> out;
    for (const auto& [key, retry] : retries_)
        if (is_of_the_barred(retry.as_bot, retry.text)) out.push_back(key);
    return out;
}

// What a command would show as it was minutes ago.
void Engine::try_what_is_red() {
    tried_since_ = world_.tick;
    tried_now_.clear();
    if (settings_.one_shot && !converging_) return;  // it reads everything once, and does nothing
    if (pause_ == Pause::none) tried_now_ = refused_to_the_bot();
    tried_now_.resize(std::min(tried_now_.size(), kTriedOfRefused));
    if (const ActionKey key = way_to_admins(); !admin_room_.trouble.empty() && retries_.contains(key)) {
        admin_room_.tried = false;
        tried_now_.push_back(key);
    }
    for (const ActionKey& key : tried_now_) retries_.at(key).not_before = world_.tick;
    for (auto& [room, lost] : lost_) lost.look = world_.tick;
    if (!accounts_awaited().empty()) next_awaited_ = world_.tick;
}

// Is that still under way? What waits for something else, a pause or its turn, is not waited for.
bool Engine::trying() const {
    if (way_back_.probing(world_.tick)) return true;
    if (world_.tick - tried_since_ >= kTryAtMost) return false;
    const auto queued = [this](RoomId id) {
        return std::find(rooms_to_read_.begin(), rooms_to_read_.end(), id) != rooms_to_read_.end() ||
               room_state_.contains(world_.rooms[id.index()].id);
    };
    const bool rooms = std::any_of(lost_.begin(), lost_.end(), [&](const auto& lost) {
        return lost.second.look <= tried_since_ || queued(lost.first);
    });
    const bool accounts = !accounts_awaited().empty() &&
                          (next_awaited_ <= tried_since_ || !accounts_to_find_.empty() ||
                           std::any_of(reading_.begin(), reading_.end(), [](const auto& reading) {
                               return reading.second.kind == ReadKind::account;
                           }));
    return rooms || accounts ||
           std::any_of(tried_now_.begin(), tried_now_.end(), [this](const ActionKey& key) {
               const auto retry = retries_.find(key);
               return busy_.contains(key) ||
                      (retry != retries_.end() && retry->second.not_before <= tried_since_);
           });
}

// It was done, and had been refused because of the account: so the account may do it again, and what else was
// refused with it is tried at once.
void Engine::over_for_the_bot(const ActionKey& done) {
    const auto retry = retries_.find(done);
    if (retry == retries_.end() || !is_of_the_barred(retry->second.as_bot, retry->second.text)) return;
    for (const ActionKey& key : refused_to_the_bot()) forget_retry(key);
    more_ = true;
}

}  // namespace rollcall::engine
