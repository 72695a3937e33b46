// Handler: every command once. A request and its answer are JSON, whether they come over the control socket
// of a running daemon or from the same program in-process; the command line only asks and shows.
//
//   request  {"command": "why", "args": {"user": "jdoe", "room": "engineering"}}
//   answer   {"exit": 0, "result": {…}}
//            {"exit": 1|2, "error": {"message": …, "hint": …}, "diagnostics":
//            [{"at","message","suggestion","severity"}…]}
//
// Commands and their args → result:
//   plan    {files?: [{name, text}…]}          → Plan; of the files as the caller read them, or of those of
//                                                rollcall.yaml
//   apply   {files?, plan: hash, reason?, checkout?: {commit, changed?, signature, signer?}} →
//   {"version", "applied": n, "holds": [Hold…]}; a plan whose hash differs from
//                                                what the files now yield is refused (exit 1), with the new
//                                                Plan in "result"
//   status  {}                                 → Status
//   why     {user, room?}                      → Why
//   pause   {reason, all?: bool}; resume {}    → {"pause": "none"|"all but departures"|"all"}
//   depart  {user, reason, take_back?: bool}   → {"user", "login", "departed": bool}
//   readmit {user, room, reason}               → {"user", "room", "done", "outside"?, "waits"}
//           "done" is "put back" or "invited"
//   holds   {}                                 → {"holds": [Hold with "lines"…], "rejected": […]}
//   approve {id, reason}; reject {id, reason}  → {"wanted": [action text…], "unwanted": […],
//                                                "waits"? of approve: why not now (exit 1)}
//   audit.list {user?, room?, kind?, action?, rule?, result?, from?, to?, after?, most?}
//                                              → {"entries": [{"index", …trail entry…}…], "time_zone"}
//   audit.show {number}                        → {"entry": {"index", …}, "chain": [{"role", "index", …}…]}
//   audit.export {after?, from?, to?, most?}   → {"entries": […], oldest first, "more": bool}
//   audit.access {room | user, at? | from?, to?} → {"from","to","now", of a room
//   "room","known_since","history",
//                                                "people":[{"user","login","stays":[Stay…]}…]; of a person
//                                                "user",
//                                                "login","rooms":[{"room","history","stays":[Stay…]}…]}
//   audit.leavers {from?, to?, promise?}       → {"promise","departures":[…],"kept": n,"missed": n}; "bot":
//   true is
//           the bot's own account, which counts as neither
//   audit.review {room: key or "all"}          → {"at","rooms":[{"room","hash","members":[…],…}…]}
//   audit.ask {room: key or "all", reason}     →
//   {"asked":[{"room","hash","owners":[user…]}…],"nobody":[room…]} audit.sign-off {room, reason, review: hash
//   or its beginning} → {"room","hash","members": n} audit.erase {person, reason}               →
//   {"pseudonyms": [text…]} audit.hold {person, reason}; audit.release {person, reason} → {"person","held":
//   bool} audit.rotate-key {reason}                  → {"from","to": verifier keys,"rotations": n} check
//   {"anew"?: the homeserver has just not answered the caller}  → {"diagnostics", "unreachable": [...],
//   "besides": [{room, people: n}]}
//
// Plan   {"version", "in_force", "hash", "actions": n, "rooms":
// [{"key","name","space","exists","lines":[Line…]}…],
//         "elsewhere": [Line…], "holds": [Hold…], "diagnostics": […], "conflicts": [text…], "counts": {kind:
//         n}, "room_trouble": [text…], "stays": [text…]}
// Line   {"kind","user","login","power","reason","rule","lane","held": hold id or "","rejected": bool,
//         "after"?: what it waits for}
// Hold   {"id","guard","room","cause","since": time or "","actions":[text…],"lines"?: of the first of its
//         actions, in their order [{"reason","rule"}…]}
// Rejection {"hold": id,"by","reason","at","actions":[text…]}
// Status {"version","now","policy":{"version","applied","by","edited":
// bool,"edited_text","fault"?: the first error in the files},"directory":{…},"homeserver":{…},
//         "rooms":{…},"people":{…},"backlog":{…},"holds":[…],"rejected":[…],"pause","failures":[…],"invited":[…],"conflicts":[…],"bans":[…],
//         "room_trouble":[text…],"stays":[text…],"not_understood":[text…],…}
// Stay   {"standing": invited|joined|left,"from","to","found": bool,"why": Authority,"ended":
// Authority,"approval"?,
//         "reads": [{"from","to"}…]: when the messages were sent that it let read, null: no bound}
// Authority {"entry": n,"reason","rule","rule_path","policy","by"}
// Why    {"user","login","dn","guid","departed":
// "yes|no|unknown","departure","employee","rooms":[{"key","name","verdict",
//         "membership","reasons":[{"text","path","rule"}…],"owners":[…],"next":[Line…],"waits"?,"advice"?,"remarks"?,
//         "stale"?: what is said of now was known before}…],"evidence":{…}}
//
// Engine thread only, but for what a Question reads.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "daemon/control/policy_input.h"
#include "daemon/control/unix_names.h"
#include "daemon/engine/engine.h"
#include "schema/config_file.h"
#include "schema/json.h"

namespace rollcall::control {

// nullopt: the answer must wait until the directory has been read (again); the command is run anew then.
using Answer = std::optional<json::Value>;

struct Context;
class TrailReading;

// A request with all that takes waiting looked up, before it gets to the engine's thread.
struct Prepared {
    json::Value request;
    schema::TrailCaller caller;
    std::string login;                          // of the uid that the caller logged in as; "" for none
    std::shared_ptr<const PolicyInput> policy;  // for commands that work on the files
    LoginOf login_of;
    // When the engine saw it first, for what does not wait for ever.
    std::shared_ptr<std::optional<Tick>> first_seen = std::make_shared<std::optional<Tick>>();
    [[nodiscard]] Duration waited(Tick now) const {
        if (!*first_seen) *first_seen = now;
        return now - **first_seen;
    }
};

// A question to the trail, once it is understood. What it reads may be long, and nobody's removal waits for
// it:
//
//     engine: names → keys ─► whoever asked: read (own connection) ─► engine: names of what was found, answer
struct Question {
    std::function<Status(TrailReading&)> read;     // on any thread; touches nothing of the engine
    std::function<Answer(const Context&)> finish;  // on the engine's
};
using Asked = std::variant<Answer, Question>;  // answered at once, or to be read for

class Handler {
  public:
    // How questions come to read the trail beside the engine; called on any thread.
    using OpenTrail = std::function<Result<std::unique_ptr<store::TrailSource>>()>;
    // Without `open_trail`: from the state folder and the log that `config` names.
    explicit Handler(const schema::Config& config, OpenTrail open_trail = {}, LoginOf login_of = &unix_login);
    // First, on whatever thread may wait for disks and name services.
    [[nodiscard]] Prepared prepare(json::Value request, schema::TrailCaller caller) const;
    // All at once, on the engine's thread.
    [[nodiscard]] Answer handle(engine::Engine& engine, const Prepared& prepared) const;
    // May it be answered while nothing can be stored?
    [[nodiscard]] static bool reads_only(const json::Value& request);

    // The same in the steps above, for commands that ask the trail.
    [[nodiscard]] static bool asks_trail(const json::Value& request);
    [[nodiscard]] Asked ask(engine::Engine& engine, const Prepared& prepared) const;
    [[nodiscard]] Answer finish(engine::Engine& engine, const Prepared& prepared,
                                const Question& question) const;
    // What the question reads; any thread, with a connection of its own. `over`: see TrailReading.
    [[nodiscard]] Status read(const Question& question, const std::atomic<bool>* over = nullptr) const;

  private:
    [[nodiscard]] std::shared_ptr<const PolicyInput> policy_input(const json::Value& request,
                                                                  const schema::TrailCaller& caller,
                                                                  bool parsed) const;

    const schema::Config& config_;
    const OpenTrail open_trail_;
    const LoginOf login_of_;
    const FolderReader folder_;  // of the policy
};

}  // namespace rollcall::control
