#include "daemon/app.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <atomic>
#include <csignal>
#include <thread>

#include "bridges/directory/directory.h"
#include "bridges/http/client.h"
#include "bridges/http/server.h"
#include "bridges/matrix/appservice.h"
#include "bridges/matrix/client.h"
#include "bridges/matrix/covers.h"
#include "bridges/matrix/registration.h"
#include "daemon/anchors/make_anchors.h"
#include "daemon/audit/collector.h"
#include "daemon/audit/publication.h"
#include "daemon/clock.h"
#include "daemon/control/audit_key.h"
#include "daemon/control/erasure.h"
#include "daemon/control/file_rights.h"
#include "daemon/control/handler.h"
#include "daemon/control/policy_files.h"
#include "daemon/control/registration_file.h"
#include "daemon/control/review_reader.h"
#include "daemon/control/socket.h"
#include "daemon/engine/loop.h"
#include "daemon/engine/matrix_homeserver.h"
#include "daemon/engine/witnesses.h"
#include "daemon/metrics.h"
#include "daemon/program.h"
#include "daemon/store/store.h"

namespace rollcall {
namespace {

// What the files beside rollcall.yaml hold that nobody else may see.
struct Secrets {
    matrix::Registration main;
    std::optional<matrix::Registration> mask;
    std::string bind_password;
    std::string no_password;  // why there is none, for a command that asks the others all the same
    schema::SignerKey audit_key;
};

Result<Secrets> read_secrets(const schema::Config& config, bool asks) {
    Secrets out;
    auto main = control::read_registration_file(config.appservice.registrations + "/rollcall.yaml");
    if (!main) return pass(main);
    out.main = std::move(*main);
    const std::string mask_path = config.appservice.registrations + "/rollcall-mask.yaml";
    if (access(mask_path.c_str(), F_OK) == 0) {
        auto mask = control::read_registration_file(mask_path);
        if (!mask) return pass(mask);
        out.mask = std::move(*mask);
    }
    Result<std::string> password = control::read_secret_file(config.directories.front().password_file);
    if (!password && !asks) return pass(password);
    if (password)
        out.bind_password = std::move(*password);
    else
        out.no_password = password.error().text();
    auto key = control::read_audit_key(config.audit);
    if (!key) return pass(key);
    out.audit_key = std::move(*key);
    return out;
}

// The directory bridge as the engine sees it: facts into the mailbox, wishes out.
class DirectoryLink : public engine::DirectoryPort {
  public:
    DirectoryLink(directory::Settings settings, engine::Mailbox& mailbox, engine::Witnesses& witnesses)
        : directory_(std::move(settings), [this, &mailbox, &witnesses](directory::Fact fact) {
              const Tick now = clock_now().tick;
              if (!std::holds_alternative<policy::DirectoryStatus>(fact))
                  last_answer_ = now.time_since_epoch().count();
              if (auto* reading = std::get_if<policy::ClockReading>(&fact))
                  return witnesses.heard(std::move(reading->whose), reading->time, now);
              std::visit([&mailbox](auto& f) { mailbox.put(std::move(f)); }, fact);
          }) {}
    void request_sweep() override { directory_.request_sweep(); }
    bool try_now() override { return directory_.try_now(); }
    void want(std::vector<std::string> attributes, std::vector<policy::Canary> canaries) override {
        directory_.set_attributes(std::move(attributes));
        directory_.set_canaries(std::move(canaries));
    }
    void start(const policy::World::Cursor& cursor, bool read_all) {
        if (cursor.invocation_id.empty()) return directory_.start(std::nullopt);
        directory_.start(directory::Cursor{cursor.server, cursor.invocation_id, cursor.usn}, read_all);
    }
    void stop() { directory_.stop(); }
    [[nodiscard]] std::optional<std::size_t> people_shown() const override {
        return directory_.people_shown();
    }
    [[nodiscard]] std::optional<Tick> last_answer() const override {
        const Tick::rep last = last_answer_;
        return last == 0 ? std::nullopt : std::optional(Tick(Tick::duration(last)));
    }

  private:
    std::atomic<Tick::rep> last_answer_ = 0;  // written on the directory's threads, which end before it does
    directory::Directory directory_;
};

directory::Settings directory_settings(const schema::Config& config, const Secrets& secrets) {
    const schema::DirectoryConfig& wanted = config.directories.front();
    directory::Settings out;
    out.name = wanted.name;
    out.url = wanted.servers.front();
    out.base = wanted.base;
    out.user = wanted.bind_user;
    out.password = secrets.bind_password;
    out.ca_file = wanted.ca_file;
    out.verify_every = wanted.verify_every;
    return out;
}

// What a process is for.
enum class Purpose : std::uint8_t { daemon, act, ask };

// Without a daemon a command says itself what it found: one that only asks has no lines of a log beside that.
LogLevel log_level(Purpose purpose, const schema::Config& config) {
    if (purpose == Purpose::ask) return LogLevel::none;
    return purpose == Purpose::act ? LogLevel::error : static_cast<LogLevel>(config.log.level);
}

engine::Settings engine_settings(const schema::Config& config, const Secrets& secrets, Purpose purpose,
                                 audit::Publication& publication, audit::Collector* collector,
                                 control::ReviewReader& reviews) {
    engine::Settings out;
    out.server_name = config.homeserver.server_name;
    out.bot = control::bot_id(config);
    out.sender = fmt::format("@{}:{}", secrets.main.sender_localpart, config.homeserver.server_name);
    if (const std::string& room = config.appservice.admin_room; room.starts_with('!'))
        out.admin_room = room;
    else if (!room.empty())
        out.admin_room = "#" + room + ":" + config.homeserver.server_name;
    out.abilities.mask = secrets.mask.has_value();
    if (secrets.mask)
        out.mask_covers = [mask = *secrets.mask](const std::string& user) {
            return matrix::covers(mask, user);
        };
    out.one_shot = purpose != Purpose::daemon;
    out.reads_only = purpose == Purpose::ask;
    out.basis = {program_name_and_build(), config.hash, schema::anchors_of(config.audit)};
    out.verify_every = config.homeserver.verify_every;
    out.look_for_accounts_every = config.homeserver.look_for_accounts_every;
    if (config.audit.retention && purpose == Purpose::daemon)
        out.retention = [&config, names = std::make_shared<control::NameLookup>()](engine::Engine& engine,
                                                                                   std::size_t at_most) {
            return control::keep_retention(
                engine, config, [&](const auto& callers) { return names->of(callers); }, at_most);
        };
    if (purpose == Purpose::daemon)
        out.read_review = [&reviews, bot = out.bot](std::string room_key) {
            reviews.read(std::move(room_key), bot);
        };
    out.entries_committed = [&publication, collector] {
        publication.wake();
        if (collector != nullptr) collector->wake();
    };
    return out;
}

// Every long-lived object. Members end in the opposite order: first what brings messages, then the engine,
// then the store.
class App {
  public:
    App(const schema::Config& config, Secrets secrets, std::unique_ptr<store::Store> store,
        std::unique_ptr<audit::Publication> publication, std::unique_ptr<audit::Collector> collector,
        Purpose purpose)
        : config_(config),
          purpose_(purpose),
          secrets_(std::move(secrets)),
          log_(log_level(purpose, config), static_cast<LogFormat>(config.log.format)),
          store_(std::move(store)),
          publication_(std::move(publication)),
          collector_(std::move(collector)),
          handler_(config_),
          reviews_(config_, handler_, mailbox_),
          matrix_(*http_,
                  matrix::Access{config.homeserver.url, control::bot_id(config), secrets_.main.as_token,
                                 secrets_.mask ? secrets_.mask->as_token : ""},
                  [this](Time time) { witnesses_.heard("the homeserver", time, clock_now().tick); }),
          homeserver_(
              matrix_, mailbox_, config.appservice.bot, secrets_.main.id,
              {config.appservice.url, secrets_.main.url.value_or(""), config.appservice.listen.text()}),
          directory_(directory_settings(config, secrets_), mailbox_, witnesses_),
          engine_(*store_, homeserver_, directory_, log_,
                  engine_settings(config_, secrets_, purpose, *publication_, collector_.get(), reviews_)) {
        if (const std::string upgraded = store_->upgraded(); !upgraded.empty())
            log_.warn("RC-STORE-UPGRADED", upgraded);
        mailbox_.put(publication_->state());
        const bool daemon = purpose == Purpose::daemon;
        if (daemon) publication_->start([this](const audit::LogState& state) { mailbox_.put(state); });
        if (!collector_) return;
        mailbox_.put(collector_->state());
        if (daemon) collector_->start([this](const audit::CollectorState& state) { mailbox_.put(state); });
    }

    ~App() {
        directory_.stop();
        http_.reset();  // its open requests end now, while those who wait for them are still there
    }
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    Status start() {
        const auto compile = [this](const store::StoredPolicy& stored,
                                    policy::World& world) -> Result<std::shared_ptr<const policy::Program>> {
            if (control::policy_version(stored.files) != stored.version)
                return fail(
                    ErrorKind::conflict,
                    fmt::format("the policy in force was changed in the database: its text is not the one "
                                "that was applied as {:.12}",
                                stored.version),
                    "`rollcall audit verify` says what else was changed; restore the database from a "
                    "backup");
            const control::PolicyLoaded loaded =
                control::load_policy(stored.files, config_, world, stored.pins, policy::Unfound::unknown);
            for (const Diagnostic& diagnostic : loaded.diagnostics)
                if (loaded.program) log_.warn("RC-POLICY-WARNING", diagnostic.text());
            if (loaded.program) return loaded.program;
            std::string first;
            for (const Diagnostic& diagnostic : loaded.diagnostics)
                if (diagnostic.severity == Severity::error && first.empty()) first = diagnostic.text();
            return fail(ErrorKind::invalid_input,
                        "the policy in force cannot be read by this version: " + first,
                        "apply a corrected policy");
        };
        const Status started = engine_.start(clock_now(), compile);
        // A single command waits for one complete read, which a resumed cursor would never ask for.
        if (!started) return started;
        if (secrets_.no_password.empty())
            directory_.start(engine_.world().cursor, engine_.settings().one_shot);
        else
            mailbox_.put(policy::DirectoryStatus{config_.directories.front().name,
                                                 policy::DirectoryHealth::wrong_credentials, "",
                                                 secrets_.no_password, false});
        return {};
    }

    Status listen() {
        auto appservice = matrix::Appservice::start(
            {config_.appservice.listen.host, config_.appservice.listen.port, secrets_.main.hs_token},
            [this](matrix::Transaction transaction, matrix::Answer answer) {
                const auto kept = std::make_shared<matrix::Answer>(std::move(answer));
                mailbox_.put(engine::TransactionIn{std::move(transaction.id), std::move(transaction.events),
                                                   [kept](bool durable) {
                                                       if (durable)
                                                           kept->durable();
                                                       else
                                                           kept->failed();
                                                   },
                                                   std::move(transaction.unreadable), transaction.unusable});
            },
            [this](std::string id) { mailbox_.put(engine::PingIn{std::move(id)}); },
            [this](std::string why) { mailbox_.put(engine::TransactionRefused{std::move(why)}); });
        if (!appservice) return pass(appservice);
        appservice_ = std::move(*appservice);
        if (config_.metrics) {
            auto metrics = serve_metrics(config_.metrics->host, config_.metrics->port, mailbox_);
            if (!metrics) return pass(metrics);
            metrics_ = std::move(*metrics);
        }
        auto socket = control::ControlSocket::listen(config_.control.socket, config_.control.group, handler_,
                                                     mailbox_, log_);
        if (!socket) return pass(socket);
        socket_ = std::move(*socket);
        return {};
    }

    // For a moment, where no daemon listens: only to see whether the homeserver comes. Events are not taken
    // in; the homeserver sends them again.
    void listen_for_pings() {
        if (appservice_) return;
        auto appservice = matrix::Appservice::start(
            {config_.appservice.listen.host, config_.appservice.listen.port, secrets_.main.hs_token},
            [](const matrix::Transaction&, matrix::Answer answer) { answer.failed(); },
            [this](std::string id) { mailbox_.put(engine::PingIn{std::move(id)}); });
        engine_.listening(appservice ? Status{} : Status(pass(appservice)));
        if (appservice) appservice_ = std::move(*appservice);
    }

    engine::Engine& engine() { return engine_; }
    engine::Mailbox& mailbox() { return mailbox_; }
    const control::Handler& handler() const { return handler_; }
    Log& log() { return log_; }
    engine::MatrixHomeserver& homeserver() { return homeserver_; }

    // After the last turn: the trail says so, and the log holds all of it, signed.
    Status stop(std::string_view why) {
        if (purpose_ == Purpose::ask) return {};
        const Status stopped = engine_.stop(why, clock_now());
        const Status published = publication_->finish();
        if (collector_) collector_->finish();
        if (!stopped) return stopped;
        const Status noted = engine_.note_last_heads(publication_->state());
        return published ? noted : published;
    }

  private:
    const schema::Config config_;
    const Purpose purpose_;
    const Secrets secrets_;
    Log log_;
    std::unique_ptr<store::Store> store_;
    engine::Mailbox mailbox_;
    engine::Witnesses witnesses_{mailbox_};
    std::unique_ptr<audit::Publication> publication_;
    std::unique_ptr<audit::Collector> collector_;
    const control::Handler handler_;
    control::ReviewReader reviews_;
    std::unique_ptr<http::Client> http_ = std::make_unique<http::Client>();
    matrix::Client matrix_;
    engine::MatrixHomeserver homeserver_;
    DirectoryLink directory_;
    engine::Engine engine_;
    std::unique_ptr<matrix::Appservice> appservice_;
    std::unique_ptr<http::Server> metrics_;
    std::unique_ptr<control::ControlSocket> socket_;
};

// A command without a daemon holds the state folder for a moment: that must not keep a daemon from starting,
// nor one command another. Whoever holds it longer is told of.
Result<std::unique_ptr<store::Store>> open_store(const std::string& folder,
                                                 store::Opening how = store::Opening::acts) {
    constexpr int kTries = 50;
    for (int tries = 1;; ++tries) {
        auto store = store::open_sqlite_store(folder, how);
        if (store || store.error().kind != ErrorKind::conflict || tries == kTries) return store;
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
}

// nullptr where the configuration names none.
Result<std::unique_ptr<audit::Collector>> open_collector(const schema::Config& config) {
    const auto& wanted = config.audit.collector;
    if (!wanted) return std::unique_ptr<audit::Collector>();
    audit::CollectorSettings settings;
    settings.to.url = wanted->syslog;
    settings.to.ca_file = wanted->ca_file;
    settings.feed = {config.state, config.audit.folder, config.homeserver.server_name, wanted->names};
    return audit::Collector::open(std::move(settings));
}

Result<std::unique_ptr<App>> make_app(const schema::Config& config, Purpose purpose) {
    if (sodium_init() < 0) return fail(ErrorKind::io, "libsodium cannot be started");
    const bool asks = purpose == Purpose::ask;
    Result<Secrets> secrets = read_secrets(config, asks);
    if (!secrets) return pass(secrets);
    auto store = open_store(config.state, asks ? store::Opening::asks : store::Opening::acts);
    if (!store) return pass(store);
    auto outside = anchors::make_anchors(config, [&]() -> Result<matrix::Access> {
        return matrix::Access{config.homeserver.url, control::bot_id(config), secrets->main.as_token, ""};
    });
    if (!outside) return pass(outside);
    auto publication = audit::Publication::open(
        {config.state, config.audit.folder, config.audit.origin, secrets->audit_key,
         config.audit.checkpoint_every, audit::KeyFiles(config.audit.key_file), asks},
        asks ? audit::Anchors{} : std::move(*outside));
    if (!publication) return pass(publication);
    auto log = audit::LogFolder::open(config.audit.folder);
    if (!log) return pass(log);
    (*store)->read_leaves_with(audit::log_reader(*log));
    auto collector = open_collector(config);
    if (!collector) return pass(collector);
    auto app = std::make_unique<App>(config, std::move(*secrets), std::move(*store), std::move(*publication),
                                     std::move(*collector), purpose);
    if (Status started = app->start(); !started) return pass(started);
    return app;
}

// Root leaves no files behind that the daemon's own user cannot open: it works as the state folder's owner.
Status become_owner(const std::string& folder) {
    struct stat status {};
    if (geteuid() != 0 || stat(folder.c_str(), &status) != 0 || status.st_uid == 0) return {};
    const passwd* owner = getpwuid(status.st_uid);
    const bool done = owner != nullptr && initgroups(owner->pw_name, status.st_gid) == 0 &&
                      setegid(status.st_gid) == 0 && seteuid(status.st_uid) == 0;
    if (done) return {};
    return fail(ErrorKind::denied, fmt::format("cannot work as the owner of {}", folder),
                "run the command as that user");
}

class InProcess : public control::Transport {
  public:
    explicit InProcess(std::unique_ptr<App> app)
        : app_(std::move(app)), loop_(app_->engine(), app_->mailbox(), false) {}
    ~InProcess() override {
        const Status stopped = app_->stop("the command has ended");
        if (!stopped) std::fprintf(stderr, "rollcall: %s\n", stopped.error().text().c_str());
    }

    Result<json::Value> ask(const json::Value& request) override {
        std::optional<json::Value> answer;
        const std::string command = request["command"].text();
        if (command == "check" || command == "plan") app_->listen_for_pings();
        if (!app_->mailbox().offer(
                control::make_command(app_->handler(), request, control::own_caller(),
                                      [&answer](json::Value said) { answer = std::move(said); })))
            return fail(ErrorKind::unavailable, "busy");
        if (Status ran = loop_.run_until([&answer] { return answer.has_value(); }); !ran) return pass(ran);
        if (!answer) return fail(ErrorKind::unavailable, "interrupted before the answer was there");
        return std::move(*answer);
    }

    Status converge(const std::function<void(std::string)>& progress) {
        engine::Engine& engine = app_->engine();
        engine.converge();
        app_->mailbox().put(engine::Command{[](engine::Engine&) { return std::function<void()>{}; }, false});
        std::size_t last = static_cast<std::size_t>(-1);
        Status ran = loop_.run_until([&] {
            const std::size_t left = engine.backlog().user_actions() + engine.backlog().room_actions();
            if (left != last && (left % 25 == 0 || left + 50 < last))
                progress(fmt::format("{} actions left", left)), last = left;
            return engine.settled_down();
        });
        if (ran) progress(fmt::format("done: {} requests", engine.counters().requests));
        return ran;
    }

  private:
    std::unique_ptr<App> app_;
    engine::Loop loop_;
};

}  // namespace

Result<std::unique_ptr<control::Transport>> open_in_process(const schema::Config& config, bool reads_only) {
    if (Status owner = become_owner(config.state); !owner) return pass(owner);
    const bool as_root = getuid() == 0 && geteuid() != 0;
    auto app = make_app(config, reads_only ? Purpose::ask : Purpose::act);
    if (!app && app.error().kind == ErrorKind::denied && as_root)
        app.error().hint = fmt::format(
            "root works as the daemon's user, whose {} is: what it reads must be theirs too (chown -R)",
            config.state);
    if (!app) return pass(app);
    return std::unique_ptr<control::Transport>(std::make_unique<InProcess>(std::move(*app)));
}

Result<std::optional<audit::Recovered>> recover_store(
    const schema::Config& config, const std::string& reason,
    const std::function<void(std::uint64_t done, std::uint64_t of)>& progress) {
    const schema::TrailCaller caller = control::own_caller();
    if (Status owner = become_owner(config.state); !owner) return pass(owner);
    if (sodium_init() < 0) return fail(ErrorKind::io, "libsodium cannot be started");
    const auto key = control::read_audit_key(config.audit);
    if (!key) return pass(key);
    const auto store = open_store(config.state);
    if (!store) return pass(store);
    const auto reader = store::TrailReader::open(config.state);
    if (!reader) return pass(reader);
    const auto log = audit::LogFolder::open(config.audit.folder);
    if (!log) return pass(log);
    return audit::recover(
        **store, **reader, *log,
        {config.audit.origin, {key->verifier()}, caller, reason, clock_now().wall, progress});
}

Status converge(control::Transport& transport, const std::function<void(std::string line)>& progress) {
    auto* here = dynamic_cast<InProcess*>(&transport);
    return here == nullptr ? Status{} : here->converge(progress);  // a daemon converges by itself
}

int run_daemon(const schema::Config& config) {
    // Before any thread starts, so that all of them leave the signals to the loop.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    const auto give_up = [](const Error& error) {
        std::fprintf(stderr, "rollcall: %s\n", error.message.c_str());
        if (!error.hint.empty()) std::fprintf(stderr, "  what to do: %s\n", error.hint.c_str());
        return error.kind == ErrorKind::invalid_input ? 2 : 1;
    };
    auto app = make_app(config, Purpose::daemon);
    if (!app) return give_up(app.error());
    if (Status listening = (*app)->listen(); !listening) return give_up(listening.error());
    (*app)->homeserver().prepare();
    (*app)->log().info("RC-START", "running",
                       {{"bot", (*app)->engine().settings().bot},
                        {"mask", (*app)->engine().settings().abilities.mask ? "yes" : "no"}});
    for (const Diagnostic& one : control::look_at_rights(config, ""))
        (*app)->log().warn("RC-FILE-RIGHTS", one.message, {{"path", one.at.text()}, {"do", one.suggestion}});
    engine::Loop loop((*app)->engine(), (*app)->mailbox(), true);
    const Status ran = loop.run();
    if (!ran) return give_up(ran.error());
    if (Status stopped = (*app)->stop("ended by a signal"); !stopped) return give_up(stopped.error());
    (*app)->log().info("RC-STOP", "stopped");
    return 0;
}

}  // namespace rollcall
