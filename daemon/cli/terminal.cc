#include "daemon/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace rollcall::cli {
namespace {

Look look_of(int fd, bool no_color) {
    if (isatty(fd) == 0) return {};
    const char* unwanted = std::getenv("NO_COLOR");
    const char* kind = std::getenv("TERM");
    Look look;
    look.colour = !no_color && (unwanted == nullptr || *unwanted == '\0') && kind != nullptr &&
                  std::string_view(kind) != "dumb";
    winsize size{};
    look.width = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    return look;
}

class ProcessTerminal final : public Terminal {
  public:
    explicit ProcessTerminal(bool no_color)
        : out_(look_of(STDOUT_FILENO, no_color)),
          err_(look_of(STDERR_FILENO, no_color)),
          interactive_(isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0) {}

    void out(std::string_view text) override {
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);  // whoever reads it from a pipe is shown the plan before it is carried out
    }
    void err(std::string_view text) override {
        std::fflush(stdout);  // what was said before stands before
        std::fwrite(text.data(), 1, text.size(), stderr);
    }
    Look out_look() const override { return out_; }
    Look err_look() const override { return err_; }
    bool interactive() const override { return interactive_; }
    bool shows_progress() const override { return isatty(STDERR_FILENO) != 0; }

    std::optional<std::string> ask(std::string_view question) override {
        if (!interactive_) return std::nullopt;
        err(question);
        std::string line;
        if (!std::getline(std::cin, line)) return std::nullopt;
        return line;
    }

  private:
    const Look out_, err_;
    const bool interactive_;
};

}  // namespace

void wipe_progress(Terminal& terminal) {
    constexpr std::size_t kLongest = 60;
    if (terminal.shows_progress()) terminal.err("\r" + std::string(kLongest, ' ') + "\r");
}

std::unique_ptr<Terminal> make_terminal(bool no_color) {
    return std::make_unique<ProcessTerminal>(no_color);
}

}  // namespace rollcall::cli
