// rollcall: one program, the daemon and its command line.
#include <malloc.h>
#include <chrono>
#include <cstdio>
#include <exception>
#include <thread>

#include "daemon/app.h"
#include "daemon/cli/commands.h"

namespace {

int run(const std::vector<std::string>& words) {
    using namespace rollcall;
    const cli::Parsed parsed = cli::parse_arguments(words);
    if (!parsed.arguments) {
        const std::unique_ptr<cli::Terminal> terminal = cli::make_terminal(true);
        std::fputs(cli::folded_help(parsed.out, terminal->out_look().width).c_str(), stdout);
        std::fputs(cli::folded_help(parsed.err, terminal->err_look().width).c_str(), stderr);
        return parsed.exit;
    }
    const cli::Doors doors{[](const std::string& socket) { return control::connect_daemon(socket); },
                           open_in_process,
                           converge,
                           run_daemon,
                           recover_store,
                           [] { std::this_thread::sleep_for(std::chrono::seconds{1}); },
                           matrix::ask_sign_up,
                           matrix::ask_sign_in};
    const std::unique_ptr<cli::Terminal> terminal = cli::make_terminal(parsed.arguments->no_color);
    return cli::dispatch({*parsed.arguments, *terminal, doors});
}

}  // namespace

int main(int argc, char** argv) {
    int exit = 1;
    // Large arrays grow where they are (policy/base/block.h). Left to itself the C library learns to keep
    // them among small things, where growing means a copy beside the old one: 40 MB more at 500,000 people.
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    try {
        exit = run({argv + 1, argv + argc});
    } catch (const std::exception& fault) {
        std::fprintf(stderr, "rollcall: %s\n", fault.what());
    }
    // A plan that did not reach the file it was sent to must not look like one that did.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        std::perror("rollcall: cannot write the output");
        return exit == 0 ? 1 : exit;
    }
    return exit;
}
