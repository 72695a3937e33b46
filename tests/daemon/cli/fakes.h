// What the commands talk to in these tests: a transport that answers from fixtures and remembers what it was
// asked, a terminal that keeps what was written, a folder that goes away again.
#pragma once

#include <gtest/gtest.h>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>

#include "daemon/cli/commands.h"

namespace rollcall::cli {

inline std::string read_all(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in.good()) << path;
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// That the text is what stands in golden/.
inline void expect_golden(const std::string& text, const std::string& name) {
    const std::string path = std::string(GOLDEN) + "/" + name + ".txt";
    if (std::getenv("ROLLCALL_WRITE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
    EXPECT_EQ(text, read_all(path));
}

// For what people read, of which the whole is no test's business.
inline bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

inline json::Value fixture(const std::string& name) {
    auto value = json::parse(read_all(std::string(FIXTURES) + "/" + name + ".json"));
    EXPECT_TRUE(value) << name;
    return value ? *value : json::Value{};
}

inline json::Value answered(json::Value result, int exit = 0) {
    json::Value out;
    out.set("exit", exit);
    out.set("result", std::move(result));
    return out;
}

inline json::Value refused(const std::string& message, const std::string& hint, int exit) {
    json::Value out, error;
    error.set("message", message);
    error.set("hint", hint);
    out.set("exit", exit);
    out.set("error", std::move(error));
    return out;
}

// Outlives the transports that use it.
struct Script {
    std::map<std::string, std::deque<json::Value>> answers;  // by command, the last one again and again
    std::vector<json::Value> asked;
    [[nodiscard]] const json::Value* last(const std::string& command) const {
        const json::Value* found = nullptr;
        for (const json::Value& one : asked)
            if (one["command"].text() == command) found = &one;
        return found;
    }
};

class FakeTransport final : public control::Transport {
  public:
    explicit FakeTransport(Script& script) : script_(script) {}
    Result<json::Value> ask(const json::Value& request) override {
        script_.asked.push_back(request);
        std::deque<json::Value>& answers = script_.answers[request["command"].text()];
        if (answers.empty()) return fail(ErrorKind::unavailable, "the daemon has gone", "start it again");
        json::Value answer = answers.front();
        if (answers.size() > 1) answers.pop_front();
        return answer;
    }

  private:
    Script& script_;
};

class FakeTerminal final : public Terminal {
  public:
    void out(std::string_view text) override { written += text; }
    void err(std::string_view text) override { complained += text; }
    Look out_look() const override { return look; }
    Look err_look() const override { return look; }
    bool interactive() const override { return there; }
    bool shows_progress() const override { return there; }
    std::optional<std::string> ask(std::string_view question) override {
        if (!there) return std::nullopt;
        questions += question;
        if (lines.empty()) return std::nullopt;
        std::string line = lines.front();
        lines.pop_front();
        return line;
    }
    std::string written, complained, questions;
    std::deque<std::string> lines;
    bool there = false;
    Look look;
};

class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "rollcall-cli-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) std::abort();
        path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

// One installation as init writes it, and commands run against it.
struct Bench {
    Folder folder;
    Script script;
    FakeTerminal terminal;
    bool daemon = true;
    bool starting = false;  // a daemon has the state folder, and listens a moment later
    int converged = 0;
    int waited = 0;                      // moments
    std::optional<bool> opened_to_read;  // without a daemon
    matrix::SignUp sign_up = matrix::SignUp::closed;
    std::string asked_sign_up;
    matrix::SignIn sign_in = matrix::SignIn::own;
    Result<std::optional<audit::Recovered>> recovered = std::optional<audit::Recovered>();
    std::string recovered_for;

    int run(std::vector<std::string> words) {
        words.insert(words.begin(), {"-c", folder / "rollcall.yaml"});
        const Parsed parsed = parse_arguments(words);
        terminal.written += parsed.out;
        terminal.complained += parsed.err;
        if (!parsed.arguments) return parsed.exit;
        const Doors doors = make_doors();
        return dispatch({*parsed.arguments, terminal, doors});
    }
    int init(std::vector<std::string> more = {}) {
        std::vector<std::string> words = {"init",
                                          "--server-name",
                                          "corp.example.com",
                                          "--directory-url",
                                          "ldaps://dc1.corp.example.com",
                                          "--time-zone",
                                          "Europe/Amsterdam",
                                          "--socket",
                                          folder / "control.sock",
                                          "--state",
                                          folder / "state"};
        words.insert(words.end(), more.begin(), more.end());
        return run(std::move(words));
    }
    void clear() { terminal.written.clear(), terminal.complained.clear(), terminal.questions.clear(); }

  private:
    Doors make_doors() {
        Doors doors;
        doors.connect_daemon = [this](const std::string&) -> Result<std::unique_ptr<control::Transport>> {
            if (!daemon) return fail(ErrorKind::not_found, "no daemon listens there");
            return std::unique_ptr<control::Transport>(std::make_unique<FakeTransport>(script));
        };
        doors.open_in_process = [this](const schema::Config&,
                                       bool reads_only) -> Result<std::unique_ptr<control::Transport>> {
            opened_to_read = reads_only;
            if (starting) {
                daemon = true;
                return fail(ErrorKind::conflict, "another rollcall uses this state folder");
            }
            return std::unique_ptr<control::Transport>(std::make_unique<FakeTransport>(script));
        };
        doors.converge = [this](control::Transport&,
                                const std::function<void(std::string)>& progress) -> Status {
            progress("12 of 30 actions");
            ++converged;
            return {};
        };
        doors.run_daemon = [](const schema::Config&) { return 0; };
        doors.recover_store = [this](const schema::Config&, const std::string& reason,
                                     const std::function<void(std::uint64_t, std::uint64_t)>&)
            -> Result<std::optional<audit::Recovered>> {
            recovered_for = reason;
            return recovered;
        };
        doors.wait = [this] { ++waited; };
        doors.sign_up = [this](const std::string& homeserver) {
            asked_sign_up = homeserver;
            return sign_up;
        };
        doors.sign_in = [this](const std::string&) { return sign_in; };
        return doors;
    }
};

}  // namespace rollcall::cli
