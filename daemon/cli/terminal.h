// Terminal: the one way in which commands talk to whoever runs them. Tests put their own in its place.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/cli/render.h"

namespace rollcall::cli {

class Terminal {
  public:
    virtual ~Terminal() = default;
    virtual void out(std::string_view text) = 0;  // what was asked for
    virtual void err(std::string_view text) = 0;  // faults, questions, progress
    [[nodiscard]] virtual Look out_look() const = 0;
    [[nodiscard]] virtual Look err_look() const = 0;
    [[nodiscard]] virtual bool interactive() const = 0;     // somebody is there to answer a question
    [[nodiscard]] virtual bool shows_progress() const = 0;  // somebody looks at err
    // The line typed in answer; nullopt when nobody is there or the input has ended.
    virtual std::optional<std::string> ask(std::string_view question) = 0;
};

// Takes a line of progress away that was begun with "\r" and is over; without a control sequence, for not
// every terminal knows those.
void wipe_progress(Terminal& terminal);

// Of this process: colours only on a terminal, never with `no_color`, NO_COLOR or TERM=dumb.
[[nodiscard]] std::unique_ptr<Terminal> make_terminal(bool no_color);

}  // namespace rollcall::cli
