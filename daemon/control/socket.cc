#include "daemon/control/socket.h"

#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <list>
#include <mutex>
#include <thread>

#include "daemon/control/answer.h"
#include "daemon/control/callers.h"
#include "daemon/control/lines.h"
#include "daemon/control/unix_account.h"
#include "daemon/descriptor.h"
#include "daemon/thread_signals.h"

namespace rollcall::control {
namespace {

constexpr std::size_t kLargeRequest = 256 * 1024;  // more is a policy's files: one at a time of each uid
constexpr std::size_t kLongestRequest = 2 * kMostPolicyBytes;
constexpr std::chrono::milliseconds kNoRoom{100};  // before accepting again without a descriptor

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return fail(ErrorKind::invalid_input, fmt::format("the socket's path is too long: {}", path),
                    "choose one below 108 bytes");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

std::string name_of(uid_t uid) {
    const std::string login = unix_login(uid);
    return login.empty() ? std::to_string(uid) : login;
}

schema::TrailCaller caller_of(uid_t uid, pid_t pid) {
    schema::TrailCaller caller;
    caller.uid = static_cast<std::int64_t>(uid);
    std::int64_t login = -1;
    std::ifstream file(fmt::format("/proc/{}/loginuid", pid));
    if (file >> login && login != 4294967295) caller.login_uid = login;  // (uid_t)-1: not set
    caller.text = name_of(uid);
    if (caller.login_uid >= 0 && caller.login_uid != caller.uid)
        caller.text += fmt::format(" (logged in as {})", name_of(static_cast<uid_t>(caller.login_uid)));
    return caller;
}

json::Value plain_error(const char* message, const char* hint) {
    json::Value answer, text;
    text.set("message", message);
    text.set("hint", hint);
    answer.set("exit", 1);
    answer.set("error", std::move(text));
    return answer;
}

using Work = std::function<Answer(engine::Engine&)>;

engine::Command make_command(Work work, bool reads_only, std::function<void(json::Value)> reply) {
    return {[work = std::move(work), reads_only, reply](engine::Engine& engine) -> std::function<void()> {
                Answer answer = work(engine);
                if (!answer) {  // something is still being read
                    engine.defer(make_command(work, reads_only, reply));
                    return {};
                }
                return [reply, said = std::move(*answer)] { reply(said); };
            },
            reads_only,
            [reply] {
                reply(
                    plain_error("nothing can be recorded, so nothing was done: the disk is full, or another "
                                "program holds the database",
                                "make room in the state folder, or end what holds rollcall.db (the log's "
                                "RC-DISK-FULL says which it is), then ask again"));
            }};
}

}  // namespace

engine::Command make_command(const Handler& handler, json::Value request, schema::TrailCaller caller,
                             std::function<void(json::Value)> reply) {
    const bool reads_only = Handler::reads_only(request);
    return make_command([&handler, prepared = handler.prepare(std::move(request), std::move(caller))](
                            engine::Engine& engine) { return handler.handle(engine, prepared); },
                        reads_only, std::move(reply));
}

schema::TrailCaller own_caller() {
    return caller_of(getuid(), getpid());
}

class ControlSocket::Server {
  public:
    Server(Descriptor listener, std::string path, const Handler& handler, engine::Mailbox& mailbox,
           const SocketLimits& limits)
        : listener_(std::move(listener)),
          wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          path_(std::move(path)),
          handler_(handler),
          mailbox_(mailbox),
          idle_(limits.idle),
          callers_(geteuid(), limits.callers, [](int fd) { shutdown(fd, SHUT_RDWR); }),
          accepter_([this] { accept_all(); }) {}

    ~Server() {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t told = write(wake_.get(), &one, sizeof one);
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        accepter_.join();
        for (std::thread& thread : connections_) thread.join();
        unlink(path_.c_str());
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

  private:
    // Waits on a connection's thread for what the engine's thread will say. Shared by both, so that neither
    // outlives it.
    struct Pending {
        std::mutex mutex;
        std::condition_variable said;
        std::optional<json::Value> answer;
    };

    void accept_all() {
        for (;;) {
            pollfd polled[2] = {{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
            if (poll(polled, 2, -1) < 0 && errno != EINTR) return;
            if (polled[1].revents != 0) return;
            Descriptor connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (connection.get() < 0) {
                // Out of descriptors, and whoever knocks still stands there: asking at once would spin.
                if (errno != EINTR && errno != ECONNABORTED && ready(wake_.get(), POLLIN, kNoRoom)) return;
                continue;
            }
            const std::lock_guard lock(mutex_);
            join_finished();
            admit(std::make_shared<Descriptor>(std::move(connection)));
        }
    }

    void join_finished() {
        for (auto at = connections_.begin(); at != connections_.end();) {
            if (!finished_.contains(at->get_id())) {
                ++at;
                continue;
            }
            finished_.erase(at->get_id());
            at->join();
            at = connections_.erase(at);
        }
    }

    void admit(std::shared_ptr<Descriptor> fd) {
        ucred peer{};
        socklen_t size = sizeof peer;
        if (getsockopt(fd->get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
        const Callers::Entry entry = callers_.make_room(peer.uid);
        if (entry != Callers::Entry::let_in)
            return refuse(*fd, entry == Callers::Entry::enough_of_one
                                   ? "the daemon is busy with as many commands of yours as it takes at once"
                                   : "the daemon is busy with other commands");
        Callers::Caller* const caller = callers_.enter(peer.uid, fd->get());
        connections_.emplace_back([this, fd = std::move(fd), caller, peer] {
            leave_signals_to_the_engine();
            serve(fd->get(), caller, peer);
        });
    }

    static void refuse(const Descriptor& fd, const char* why) {  // what is new has room for a line
        const std::string line = json::write(plain_error(why, "try again in a moment")) + "\n";
        [[maybe_unused]] const ssize_t told =
            send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }

    void serve(int fd, Callers::Caller* entry, const ucred& peer) {
        const schema::TrailCaller caller = caller_of(peer.uid, peer.pid);
        LineLimits limits{kLongestRequest, wake_.get(), idle_, kLargeRequest, [this, entry] {
                              const std::lock_guard lock(mutex_);
                              return callers_.may_be_large(*entry);
                          }};
        std::string buffer, line;
        while (read_line(fd, buffer, line, limits)) {
            if (!busy(entry, true)) break;  // put out before it was read
            const json::Value said = answer(std::exchange(line, {}), caller);
            if (!write_all(fd, json::write(said) + "\n", wake_.get())) break;
            busy(entry, false);
        }
        shutdown(fd, SHUT_RDWR);
        const std::lock_guard lock(mutex_);
        callers_.leave(entry);
        finished_.insert(std::this_thread::get_id());
    }

    bool busy(Callers::Caller* entry, bool now) {
        const std::lock_guard lock(mutex_);
        entry->busy = now;
        entry->large = false;
        return !entry->leaving;
    }

    json::Value answer(const std::string& line, const schema::TrailCaller& caller) {
        const Result<json::Value> request = json::parse(line, {kLongestRequest});
        if (!request) return plain_error("the request is no JSON", request.error().message.c_str());
        const auto prepared = std::make_shared<const Prepared>(handler_.prepare(*request, caller));
        if (Handler::asks_trail(*request)) return answer_question(prepared);
        return on_engine(
            [this, prepared](engine::Engine& engine) { return handler_.handle(engine, *prepared); },
            Handler::reads_only(*request));
    }

    // The long part of it, here: the engine goes on meanwhile.
    json::Value answer_question(const std::shared_ptr<const Prepared>& prepared) {
        const bool reads_only = Handler::reads_only(prepared->request);
        const auto question = std::make_shared<std::optional<Question>>();
        json::Value said = on_engine(
            [this, prepared, question](engine::Engine& engine) -> Answer {
                Asked asked = handler_.ask(engine, *prepared);
                if (Answer* answer = std::get_if<Answer>(&asked); answer != nullptr)
                    return std::move(*answer);
                *question = std::move(std::get<Question>(asked));
                return json::Value{};
            },
            reads_only);
        if (!*question) return said;
        if (const Status read = handler_.read(**question); !read) return error(read.error());
        return on_engine(
            [this, prepared, question](engine::Engine& engine) {
                return handler_.finish(engine, *prepared, **question);
            },
            reads_only);
    }

    json::Value on_engine(Work work, bool reads_only) {
        const auto pending = std::make_shared<Pending>();
        const bool taken =
            mailbox_.offer(make_command(std::move(work), reads_only, [pending](json::Value said) {
                const std::lock_guard lock(pending->mutex);
                pending->answer = std::move(said);
                pending->said.notify_all();
            }));
        if (!taken) return plain_error("the daemon is busy", "try again in a moment");
        std::unique_lock lock(pending->mutex);
        while (!pending->answer) {
            pending->said.wait_for(lock, std::chrono::milliseconds{200});
            const std::lock_guard stop(mutex_);
            if (stopping_) return plain_error("the daemon is stopping", "ask again when it runs");
        }
        return std::move(*pending->answer);
    }

    Descriptor listener_, wake_;
    const std::string path_;
    const Handler& handler_;
    engine::Mailbox& mailbox_;
    const std::chrono::milliseconds idle_;
    std::mutex mutex_;
    Callers callers_;                     // protected by mutex_
    bool stopping_ = false;               // protected by mutex_
    std::set<std::thread::id> finished_;  // protected by mutex_
    std::list<std::thread> connections_;  // protected by mutex_ while accepter_ runs
    std::thread accepter_;
};

ControlSocket::ControlSocket(std::unique_ptr<Server> server) : server_(std::move(server)) {}
ControlSocket::~ControlSocket() = default;

Result<std::unique_ptr<ControlSocket>> ControlSocket::listen(const std::string& path,
                                                             const std::string& group, const Handler& handler,
                                                             engine::Mailbox& mailbox, Log& log,
                                                             SocketLimits limits) {
    const Result<sockaddr_un> address = address_of(path);
    if (!address) return pass(address);
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    if (connect_daemon(path))
        return fail(ErrorKind::conflict, fmt::format("another daemon answers on {}", path), "stop it first");
    struct stat there {};
    if (lstat(path.c_str(), &there) == 0 && !S_ISSOCK(there.st_mode))
        return fail(ErrorKind::conflict, fmt::format("{} (control.socket) is there, and is no socket", path),
                    "name another path; what is there was left as it is");
    unlink(path.c_str());
    Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const mode_t before = umask(0177);  // no moment in which anybody may connect whom it is not given to
    const int bound = bind(listener.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
    const int why = errno;
    umask(before);
    if (bound != 0)
        return fail(ErrorKind::io,
                    fmt::format("cannot make the control socket {}: {}", path, std::strerror(why)),
                    "check control.socket and who may write its folder");
    if (const struct ::group* found = getgrnam(group.c_str()); found == nullptr) {
        log.warn("RC-NO-GROUP",
                 "the unix group of control.group does not exist: only the daemon's own user and root may "
                 "use the socket",
                 {{"group", group}});
    } else if (chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0) {
        log.warn("RC-NO-GROUP",
                 fmt::format("cannot give the control socket to its group: {}", std::strerror(errno)),
                 {{"group", group}});
    } else if (chmod(path.c_str(), 0660) != 0) {
        return fail(ErrorKind::io, fmt::format("cannot open the control socket {} to its group: {}", path,
                                               std::strerror(errno)));
    }
    // Whoever knocks while others knock waits in line, however many of them there are.
    if (::listen(listener.get(), SOMAXCONN) != 0)
        return fail(ErrorKind::io, fmt::format("cannot listen on {}: {}", path, std::strerror(errno)));
    return std::unique_ptr<ControlSocket>(
        new ControlSocket(std::make_unique<Server>(std::move(listener), path, handler, mailbox, limits)));
}

// ---------------------------------------------------------------- the other end

namespace {

Result<Descriptor> connect_to(const std::string& socket_path) {
    const Result<sockaddr_un> address = address_of(socket_path);
    if (!address) return pass(address);
    Descriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
        if (errno == EACCES || errno == EPERM)
            return fail(ErrorKind::denied,
                        fmt::format("you may not use the daemon's control socket {}", socket_path),
                        "ask to be put into the unix group of control.group");
        return fail(ErrorKind::not_found,
                    fmt::format("no daemon answers on {}: {}", socket_path, std::strerror(errno)),
                    "start it with `rollcall run`");
    }
    return fd;
}

pid_t process_behind(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

// A connection for each request: the daemon ends those that are idle, and somebody may think for an hour
// before they say yes.
class SocketTransport : public Transport {
  public:
    SocketTransport(std::string path, std::chrono::milliseconds patience)
        : path_(std::move(path)), patience_(patience) {}
    Result<json::Value> ask(const json::Value& request) override {
        const Result<Descriptor> fd = connect_to(path_);
        if (!fd) return pass(fd);
        std::string buffer, line;
        if (!write_all(fd->get(), json::write(request) + "\n", -1)) return ended();
        if (!answers(fd->get(), request["command"].text() == kProbe))
            return does_not_answer(process_behind(fd->get()));
        if (!read_line(fd->get(), buffer, line, {kLongestAnswer})) return ended();
        return json::parse(line, json::Limits{kLongestAnswer, 64, 200'000'000});
    }

  private:
    static constexpr std::size_t kLongestAnswer = std::size_t{1} << 30U;
    static constexpr std::string_view kProbe = "status";  // waits for nobody but the daemon
    static constexpr int kProbes = 3;

    // Something came within that time. What is asked may take long; then it is the daemon that must answer.
    [[nodiscard]] bool answers(int fd, bool is_probe) const {
        for (int failed = 0; failed < (is_probe ? 1 : kProbes);) {
            if (ready(fd, POLLIN, patience_)) return true;
            if (is_probe || !probe())
                ++failed;
            else
                failed = 0;
        }
        return false;
    }
    [[nodiscard]] bool probe() const {
        const Result<Descriptor> fd = connect_to(path_);
        json::Value request;
        request.set("command", kProbe);
        return fd && write_all(fd->get(), json::write(request) + "\n", -1) &&
               ready(fd->get(), POLLIN, patience_);
    }
    static tl::unexpected<Error> ended() {
        return fail(ErrorKind::unavailable, "the daemon ended before it answered",
                    "see its log, and whether it runs");
    }
    [[nodiscard]] tl::unexpected<Error> does_not_answer(pid_t process) const {
        return fail(
            ErrorKind::unavailable,
            fmt::format("the daemon (process {}) takes requests on {} and does not answer them", process,
                        path_),
            "see its log, and whether it is stopped (ps: state T) or its disk hangs; if it stays so, "
            "restart it: nothing is lost. What was ordered may be carried out still: `rollcall audit list` "
            "says it then");
    }

    const std::string path_;
    const std::chrono::milliseconds patience_;
};

}  // namespace

Result<std::unique_ptr<Transport>> connect_daemon(const std::string& socket_path,
                                                  std::chrono::milliseconds patience) {
    const Result<Descriptor> there = connect_to(socket_path);
    if (!there) return pass(there);
    return std::unique_ptr<Transport>(std::make_unique<SocketTransport>(socket_path, patience));
}

}  // namespace rollcall::control
