#include "tests/daemon/anchors/fake_witness.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sodium.h>
#include <algorithm>
#include <utility>

#include "schema/base64.h"
#include "schema/decimal.h"
#include "schema/tlog_proof.h"

namespace rollcall::anchors::test {
namespace {

constexpr std::uint64_t kSeenAt = 1'795'320'847;

template <std::size_t N>
std::string text_of(const std::array<unsigned char, N>& bytes) {
    return {bytes.begin(), bytes.end()};
}
const unsigned char* octets(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

http::Reply reply(int status, std::string body = {}) {
    http::Reply out;
    out.status = status;
    out.body = std::move(body);
    return out;
}

// old size, proof and note of a request; nullopt for anything else.
struct Asked {
    std::uint64_t old = 0;
    schema::TlogPath proof;
    std::string note;
};
std::optional<Asked> read(const std::string& body) {
    Asked out;
    std::size_t at = 0;
    for (bool first = true;; first = false) {
        const std::size_t end = body.find('\n', at);
        if (end == std::string::npos) return std::nullopt;
        const std::string line = body.substr(at, end - at);
        at = end + 1;
        if (first) {
            const auto old = line.starts_with("old ") ? schema::read_decimal(line.substr(4))
                                                      : std::optional<std::uint64_t>();
            if (!old) return std::nullopt;
            out.old = *old;
        } else if (line.empty()) {
            out.note = body.substr(at);
            return out;
        } else {
            const auto hash = schema::tlog_hash_from_base64(line);
            if (!hash || out.proof.size() == 63) return std::nullopt;
            out.proof.push_back(*hash);
        }
    }
}

}  // namespace

FakeWitness::FakeWitness() {
    std::array<unsigned char, 4> id{};
    key_.name = "witness.example.net";
    key_.type = schema::KeyType::witness;
    crypto_sign_keypair(key_.key.data(), secret_.data());
    const std::string named = key_.name + "\n\x04" + text_of(key_.key);
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256(digest.data(), octets(named), named.size());
    std::copy_n(digest.begin(), id.size(), id.begin());
    key_.id = id;
    server_ =
        std::move(*http::Server::start({}, [this](http::IncomingRequest request, http::Responder answer) {
            const std::lock_guard lock(mutex_);
            const bool known = request.method == "POST" && request.path == "/corp/add-checkpoint";
            const http::Reply said = said_ ? *said_ : known ? add(request.body) : reply(404);
            answers_.push_back(said.status);
            answer.answer(said);
        }));
}

std::string FakeWitness::url() const {
    return fmt::format("http://127.0.0.1:{}/corp", server_->port());
}

void FakeWitness::trust(const std::string& origin, const schema::VerifierKey& log) {
    const std::lock_guard lock(mutex_);
    origin_ = origin;
    logs_ = {log};
}

void FakeWitness::say(std::optional<http::Reply> said) {
    const std::lock_guard lock(mutex_);
    said_ = std::move(said);
}

std::vector<int> FakeWitness::answers() const {
    const std::lock_guard lock(mutex_);
    return answers_;
}

std::uint64_t FakeWitness::size() const {
    const std::lock_guard lock(mutex_);
    return size_;
}

void FakeWitness::has_seen(std::uint64_t size, const schema::TlogHash& root) {
    const std::lock_guard lock(mutex_);
    size_ = size;
    root_ = root;
}

http::Reply FakeWitness::add(const std::string& body) {
    const std::optional<Asked> asked = read(body);
    if (!asked) return reply(400);
    const std::string text = asked->note.substr(0, asked->note.find("\n\n") + 1);
    const auto head = schema::read_checkpoint_text(text);
    if (!head) return reply(400);
    if (head->origin != origin_) return reply(404);
    if (!schema::open_note(asked->note, logs_)) return reply(403);
    if (asked->old > head->size) return reply(400);
    if (asked->old != size_ || (asked->old == head->size && head->root != root_))
        return reply(409, fmt::format("{}\n", size_));
    if (!schema::check_consistency(asked->proof, size_, root_, head->size, head->root)) return reply(422);
    size_ = head->size;
    root_ = head->root;
    return reply(200, cosign(text));
}

std::string FakeWitness::cosign(const std::string& text) const {
    const std::string message = fmt::format("cosignature/v1\ntime {}\n{}", kSeenAt, text);
    std::array<unsigned char, crypto_sign_BYTES> signature{};
    crypto_sign_detached(signature.data(), nullptr, octets(message), message.size(), secret_.data());
    std::string time;
    for (int shift = 56; shift >= 0; shift -= 8) time += static_cast<char>(kSeenAt >> shift & 0xffU);
    return fmt::format("\u2014 {} {}\n", key_.name,
                       schema::to_base64(text_of(key_.id) + time + text_of(signature)));
}

}  // namespace rollcall::anchors::test
