// Engine: reviews that owners were asked to sign off in Matrix, and their reactions. What a reaction is worth
// is for daemon/control to say (review_asking.h): it needs the room's history from the trail, which is read
// on a thread of its own.
#include <algorithm>
#include <utility>

#include "daemon/engine/engine.h"

namespace rollcall::engine {

namespace {
constexpr std::size_t kMostEarly = 16;  // reactions of one person that wait to be understood
constexpr Duration kReactionsAgain = std::chrono::minutes{1};
}  // namespace

void Engine::keep(const ReviewAsk& ask) {
    mark("review_ask", ask.user + " " + ask.room_key, ask.text());
}

bool Engine::may_ask(std::size_t more) const {
    return review_asks_.size() + more <= kMostReviewAsks;
}

// An earlier message about the same room counts no more.
void Engine::ask_review(ReviewAsk ask, std::string text, std::string html) {
    const auto before = review_asks_.find(ask.key());
    if (before != review_asks_.end() && before->second.hash == ask.hash && before->second.trouble.empty() &&
        !before->second.sent()) {  // that very message is on its way
        before->second.asked = ask.asked;
        before->second.entry = ask.entry;
        return keep(before->second);
    }
    forget_review_ask(ask.key());
    keep(ask);
    owe(ask.notice_key(), ask.user, std::move(text), std::move(html));
    review_asks_.emplace(ask.key(), std::move(ask));
    more_ = true;
}

void Engine::forget_review_ask(const ReviewKey& key) {
    const auto at = review_asks_.find(key);
    if (at == review_asks_.end()) return;
    const std::string notice = at->second.notice_key();
    std::erase_if(notices_, [&](const NoticeDebt& debt) {
        if (debt.key != notice || debt.busy) return false;
        mark("notice", debt.key, std::nullopt);
        return true;
    });
    mark("review_ask", key.first + " " + key.second, std::nullopt);
    review_messages_.erase(at->second.event);
    reacted_.erase(key);
    review_asks_.erase(at);
    drop_early_reactions(key.first);
}

// Whoever has departed is asked nothing any more.
void Engine::forget_review_asks_of(const std::string& user) {
    for (auto at = review_asks_.lower_bound({user, ""});
         at != review_asks_.end() && at->first.first == user;) {
        const ReviewKey key = at->first;
        ++at;
        forget_review_ask(key);
    }
}

void Engine::forget_released_reviews() {
    std::vector<ReviewKey> over;
    for (const auto& [key, ask] : review_asks_)
        if (program_->room_index(ask.room_key) < 0) over.push_back(key);
    for (const ReviewKey& key : over) forget_review_ask(key);
}

void Engine::review_settled(const std::string& room_key) {
    for (auto& [key, ask] : review_asks_) {
        if (ask.room_key != room_key || ask.settled) continue;
        ask.settled = true;
        keep(ask);
    }
}

// ---------------------------------------------------------------- the message

bool Engine::awaits_message(const std::string& user) const {
    const auto first = review_asks_.lower_bound({user, ""});
    for (auto at = first; at != review_asks_.end() && at->first.first == user; ++at)
        if (!at->second.sent() && at->second.trouble.empty()) return true;
    return false;
}

ReviewAsk* Engine::asked_by(const std::string& notice, const std::string& user) {
    for (auto at = review_asks_.lower_bound({user, ""}); at != review_asks_.end() && at->first.first == user;
         ++at)
        if (at->second.notice_key() == notice && !at->second.sent()) return &at->second;
    return nullptr;
}

// The message stands in the room. Whoever was quicker than its result has reacted already.
void Engine::review_sent(const std::string& notice, const std::string& user, const std::string& room,
                         const std::string& event) {
    ReviewAsk* ask = asked_by(notice, user);
    if (ask == nullptr || event.empty()) return;
    ask->direct = room;
    ask->event = event;
    review_messages_[event] = ask->key();
    if (const auto early = early_reactions_.find(event);
        early != early_reactions_.end() && early->second.user == user) {
        ask->reaction = early->second.reaction;
        reacted_.insert(ask->key());
        more_ = true;
    }
    keep(*ask);
    drop_early_reactions(user);
}

// False: it was no such message.
bool Engine::review_not_sent(const std::string& notice, const std::string& user, const std::string& why) {
    ReviewAsk* ask = asked_by(notice, user);
    if (ask == nullptr) return false;
    ask->trouble = why;
    keep(*ask);
    drop_early_reactions(user);
    return true;
}

// ---------------------------------------------------------------- reactions

// Anybody can react to anything, as often as they like: what is not an asked owner's word is passed over
// here, before it costs anything.
void Engine::take_reaction(const policy::RoomEvent& event) {
    const auto* reaction = std::get_if<policy::ReactionContent>(&event.content);
    if (reaction == nullptr || review_asks_.empty() || !signs(reaction->key)) return;
    const auto at = review_messages_.find(reaction->event);
    if (at == review_messages_.end()) return take_early_reaction(event, reaction->event);
    ReviewAsk& ask = review_asks_.at(at->second);
    if (event.room != ask.direct || event.sender != ask.user || ask.reaction) return;
    ask.reaction = Reaction{event.event, event.time};
    keep(ask);
    reacted_.insert(ask.key());
}

// After a crash somebody may have seen the message before we know that it was sent.
void Engine::take_early_reaction(const policy::RoomEvent& event, const std::string& message) {
    const auto direct = direct_rooms_.find(event.sender);
    if (direct == direct_rooms_.end() || direct->second != event.room || !awaits_message(event.sender) ||
        early_reactions_.contains(message))
        return;
    const auto theirs = std::count_if(early_reactions_.begin(), early_reactions_.end(),
                                      [&](const auto& entry) { return entry.second.user == event.sender; });
    if (static_cast<std::size_t>(theirs) >= kMostEarly) return;
    const EarlyReaction early{event.sender, {event.event, event.time}};
    mark("review_early", message, early.text());
    early_reactions_.emplace(message, early);
}

void Engine::drop_early_reactions(const std::string& user) {
    if (early_reactions_.empty() || awaits_message(user)) return;
    std::erase_if(early_reactions_, [&](const auto& entry) {
        if (entry.second.user != user) return false;
        mark("review_early", entry.first, std::nullopt);
        return true;
    });
}

// What is known of a room that is still to be read may not be so any more.
bool Engine::to_be_read(const std::string& room_key) const {
    const auto at = world_.room_by_key.find(room_key);
    if (at == world_.room_by_key.end()) return false;
    const std::string& id = world_.rooms[at->second.index()].id;
    const auto& unread = read_again_.all();
    return std::any_of(unread.begin(), unread.end(),
                       [&](const auto& entry) { return entry.first.room == at->second; }) ||
           std::find(rooms_to_read_.begin(), rooms_to_read_.end(), at->second) != rooms_to_read_.end() ||
           std::any_of(members_to_read_.begin(), members_to_read_.end(),
                       [&](const auto& member) { return member.first == id; }) ||
           std::any_of(reading_.begin(), reading_.end(),
                       [&](const auto& entry) { return entry.second.room == id; });
}

void Engine::look_at_reactions() {
    if (!settings_.read_review || !decider_ || !reading_review_.empty() || world_.tick < look_at_reactions_)
        return;
    for (const ReviewKey& key : reacted_) {
        if (to_be_read(key.second)) continue;
        reading_review_ = key.second;
        return settings_.read_review(reading_review_);
    }
}

std::vector<ReviewAsk> Engine::reactions_to(const std::string& room_key) const {
    std::vector<ReviewAsk> out;
    for (const ReviewKey& key : reacted_)
        if (key.second == room_key) out.push_back(review_asks_.at(key));
    return out;
}

void Engine::forget_reaction(const ReviewKey& key) {
    const auto at = review_asks_.find(key);
    if (at == review_asks_.end() || !at->second.reaction) return;
    at->second.reaction.reset();
    reacted_.erase(key);
    keep(at->second);
}

void Engine::reactions_looked_at(bool read) {
    reading_review_.clear();
    if (!read) look_at_reactions_ = world_.tick + kReactionsAgain;
    if (!reacted_.empty()) more_ = true;
}

void Engine::load_review_mark(const store::StoredMark& row) {
    if (row.kind == "review_early") {
        if (auto early = EarlyReaction::from_text(*row.value)) early_reactions_[row.key] = std::move(*early);
        return;
    }
    std::optional<ReviewAsk> ask = ReviewAsk::from_text(*row.value);
    if (!ask) return;
    if (ask->sent()) review_messages_[ask->event] = ask->key();
    if (ask->reaction) reacted_.insert(ask->key());
    review_asks_.emplace(ask->key(), std::move(*ask));
}

}  // namespace rollcall::engine
