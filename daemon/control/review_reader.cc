#include "daemon/control/review_reader.h"

#include <memory>
#include <utility>

#include "daemon/control/audit_question.h"
#include "daemon/control/review_asking.h"
#include "daemon/thread_signals.h"

namespace rollcall::control {

ReviewReader::~ReviewReader() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
}

void ReviewReader::read(std::string room_key, std::string bot) {
    if (thread_.joinable()) thread_.join();  // its last word has been taken
    thread_ = std::thread([this, room_key = std::move(room_key), bot = std::move(bot)] {
        leave_signals_to_the_engine();
        auto history = std::make_shared<Result<ReviewHistory>>();
        const Question question{[&](TrailReading& trail) -> Status {
                                    *history = review_history(trail, room_key, bot);
                                    return {};
                                },
                                {}};
        if (const Status opened = handler_.read(question, &over_); !opened) *history = pass(opened);
        mailbox_.put(engine::Command{[&config = config_, room_key, history](engine::Engine& engine) {
                                         answer_reactions(engine, config, room_key, *history);
                                         return std::function<void()>{};
                                     },
                                     false});
    });
}

}  // namespace rollcall::control
