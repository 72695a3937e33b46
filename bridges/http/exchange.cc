#include "bridges/http/exchange.h"

#include <microhttpd.h>

#include <utility>

namespace rollcall::http {

void OpenExchanges::stop(const Reply& reply, Duration patience) {
    std::unique_lock lock(mutex_);
    stopped_with_ = reply;
    while (!suspended_.empty()) (*suspended_.begin())->answer_locked(reply);
    changed_.wait_for(lock, patience, [this] { return handed_over_ == 0; });
}

Exchange::Exchange(std::shared_ptr<OpenExchanges> all, std::string target_text)
    : target(std::move(target_text)), all_(std::move(all)) {}

void Exchange::hand_over() {
    stage = Stage::handed_over;
    const std::lock_guard lock(all_->mutex_);
    ++all_->handed_over_;
}

void Exchange::close() {
    if (stage != Stage::handed_over) return;
    const std::lock_guard lock(all_->mutex_);
    all_->suspended_.erase(this);
    suspended_ = nullptr;
    answered_ = true;
    --all_->handed_over_;
    all_->changed_.notify_all();
}

std::optional<Reply> Exchange::reply_or_suspend(MHD_Connection* connection) {
    const std::lock_guard lock(all_->mutex_);
    if (reply_) return std::exchange(reply_, std::nullopt);
    if (all_->stopped_with_) {
        answered_ = true;
        return all_->stopped_with_;
    }
    MHD_suspend_connection(connection);
    suspended_ = connection;
    all_->suspended_.insert(this);
    return std::nullopt;
}

void Exchange::answer(Reply reply) {
    const std::lock_guard lock(all_->mutex_);
    answer_locked(std::move(reply));
}

void Exchange::answer_locked(Reply reply) {
    if (answered_) return;
    answered_ = true;
    reply_ = std::move(reply);
    if (suspended_ == nullptr) return;  // still in the handler: reply_or_suspend() comes next
    all_->suspended_.erase(this);
    MHD_resume_connection(std::exchange(suspended_, nullptr));
}

}  // namespace rollcall::http
