// audit rotate-key: the log is signed by another key from now on. Not for auditors alone: who runs the
// machine changes its keys, and it is on record who did.
#include <fmt/format.h>

#include "daemon/audit/key_files.h"
#include "daemon/control/answer.h"
#include "daemon/control/audit_key.h"
#include "daemon/control/commands.h"
#include "schema/key_rotation.h"

namespace rollcall::control {
namespace {

// Those that were committed.
Result<schema::KeyChain> rotations(const Context& context) {
    store::TrailFilter filter;
    filter.kind = schema::to_text(schema::TrailKind::command);
    filter.action = schema::kRotateKey;
    filter.at_most = schema::kMostKeyRotations + 1;
    const auto entries = context.engine.store().trail(filter);
    if (!entries) return pass(entries);
    schema::KeyChain out;
    for (const store::StoredTrailEntry& stored : *entries) {
        const Result<json::Value> entry = json::parse(stored.text);
        if (!entry) return pass(entry);
        if (const Status added = out.add(stored.index, (*entry)["rotation"].text()); !added)
            return pass(added);
    }
    return out;
}

Status may_be_rotated(const Context& context, const schema::KeyChain& chain, const schema::SignerKey& key) {
    if (context.engine.rotating_key() ||
        (!chain.empty() && chain.links().back().rotation.from == key.verifier()))
        return fail(
            ErrorKind::conflict, "the log is being handed on to a new key already",
            "it is done once the next checkpoint is signed; `rollcall status` says what is in the way");
    if (!chain.empty() && chain.links().back().rotation.to != key.verifier())
        return fail(
            ErrorKind::conflict,
            fmt::format("the key in {} is not the one that signs the log now", context.config.audit.key_file),
            "restore the newest copy of that file");
    if (chain.links().size() >= schema::kMostKeyRotations)
        return fail(ErrorKind::limit,
                    fmt::format("this log has had {} keys, and a proof has no room for more",
                                chain.links().size() + 1),
                    "begin a new log: another state folder, audit.origin and key");
    return {};
}

}  // namespace

Answer audit_rotate_key(const Context& context) {
    const Result<std::string> reason = reason_of(context);
    if (!reason) return error(reason.error());
    const Result<schema::SignerKey> key = read_audit_key(context.config.audit);
    if (!key) return error(key.error());
    const Result<schema::KeyChain> chain = rotations(context);
    if (!chain) return error(chain.error());
    if (const Status may = may_be_rotated(context, *chain, *key); !may) return error(may.error());
    const Result<schema::SignerKey> next = schema::SignerKey::generate(key->verifier().name);
    if (!next) return error(next.error());
    const audit::KeyFiles files(context.config.audit.key_file);
    if (const Status written = files.write_next(*next); !written) return error(written.error());
    schema::TrailEntry entry;
    entry.caller = context.caller;
    entry.reason = *reason;
    entry.rotation = schema::write_key_rotation(*key, *next);
    context.engine.rotate_key(next->verifier().text(), std::move(entry));
    json::Value out;
    out.set("from", key->verifier().text());
    out.set("to", next->verifier().text());
    out.set("rotations", static_cast<std::int64_t>(chain->links().size() + 1));
    return ok(std::move(out));
}

}  // namespace rollcall::control
