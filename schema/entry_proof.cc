#include "schema/entry_proof.h"

#include <fmt/format.h>
#include <algorithm>

#include "schema/base64.h"
#include "schema/key_rotation.h"

namespace rollcall::schema {
namespace {

using json::Value;

std::string_view view(const PersonKey& key) {
    return {reinterpret_cast<const char*>(key.data()), key.size()};
}

Result<EntryProof> read_extra(const std::string& text) {
    const auto bad = [] { return fail(ErrorKind::invalid_input, "the proof carries no entry of a trail"); };
    const Result<Value> extra = json::parse(text);
    if (!extra) return bad();
    EntryProof out;
    out.leaf = (*extra)["entry"].text();
    if (out.leaf.empty()) return bad();
    if (const json::Array* const rotations = (*extra)["rotations"].array())
        for (const Value& one : *rotations) out.rotations.push_back(one.text());
    const json::Array* const shown = (*extra)["personal"].array();
    if (shown == nullptr) return out;
    for (const Value& one : *shown) {
        ShownPart part;
        if (one["party"].text() != to_text(Party::subject) && one["party"].text() != to_text(Party::caller))
            return bad();
        part.part.party = one["party"].text() == to_text(Party::subject) ? Party::subject : Party::caller;
        part.part.text = one["text"].text();
        const Result<std::string> key = from_base64(one["key"].text());
        if (!key || key->size() != part.entry_key.size()) return bad();
        std::copy(key->begin(), key->end(), part.entry_key.begin());
        out.shown.push_back(std::move(part));
    }
    return out;
}

// The key in force in the end, for whoever was given `first`.
Result<VerifierKey> follow(const VerifierKey& first, const std::vector<std::string>& rotations) {
    KeyChain chain;
    for (const std::string& note : rotations) {
        const Result<KeyRotation> rotation = read_key_rotation(note);
        if (!rotation) return pass(rotation);
        if (chain.empty() && rotation->from != first) continue;
        if (const Status added = chain.add(chain.links().size() + 1, note); !added) return pass(added);
    }
    return chain.empty() ? first : chain.links().back().rotation.to;
}

}  // namespace

std::string write_entry_proof(const EntryProof& entry, TlogProof proof) {
    Value extra, shown{json::Array{}};
    extra.set("entry", entry.leaf);
    for (const ShownPart& part : entry.shown) {
        Value one;
        one.set("key", to_base64(view(part.entry_key)));
        one.set("party", to_text(part.part.party));
        one.set("text", part.part.text);
        shown.push(std::move(one));
    }
    if (!entry.shown.empty()) extra.set("personal", std::move(shown));
    Value rotations{json::Array{}};
    for (const std::string& note : entry.rotations) rotations.push(note);
    if (!entry.rotations.empty()) extra.set("rotations", std::move(rotations));
    proof.extra = json::write(extra);
    return write_tlog_proof(proof);
}

Result<ProvenEntry> check_entry_proof(std::string_view text, const VerifierKey& key) {
    const Result<TlogProof> proof = read_tlog_proof(text);
    if (!proof) return pass(proof);
    const Result<EntryProof> entry = read_extra(proof->extra.value_or(""));
    if (!entry) return pass(entry);
    const Result<VerifierKey> in_force = follow(key, entry->rotations);
    if (!in_force) return pass(in_force);
    Result<Checkpoint> head = open_checkpoint(proof->checkpoint, key.name, {*in_force});
    if (!head) return pass(head);
    if (Status in =
            check_inclusion(proof->path, proof->index, tlog_leaf_hash(entry->leaf), head->size, head->root);
        !in)
        return pass(in);
    ProvenEntry out;
    out.number = proof->index + 1;
    out.head = std::move(*head);
    std::vector<PersonalPart> parts;
    const Result<Value> leaf = json::parse(entry->leaf);
    if (!leaf) return pass(leaf);
    for (const ShownPart& shown : entry->shown) {
        const std::optional<PartyMark> mark = party_mark(*leaf, shown.part.party);
        if (!mark || personal_mac(shown.entry_key, shown.part.text) != mark->mac)
            return fail(ErrorKind::conflict,
                        fmt::format("what the proof says of the entry's {} is not what was written",
                                    to_text(shown.part.party)));
        parts.push_back(shown.part);
    }
    Result<Value> whole = join_trail_entry(entry->leaf, parts);
    if (!whole) return pass(whole);
    out.entry = std::move(*whole);
    out.shown = parts.size();
    return out;
}

}  // namespace rollcall::schema
