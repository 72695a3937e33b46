#include "bridges/matrix/appservice.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <optional>
#include <utility>

#include "bridges/http/front_check.h"
#include "bridges/matrix/appservice_route.h"
#include "schema/json.h"
#include "schema/matrix_event.h"
#include "schema/matrix_id.h"

namespace rollcall::matrix {
namespace {

// Twice what a homeserver's may come to. Synapse sends 100 events at most, each of 64 KiB; to an invitation
// it adds eight pieces of the room's state, each of which may be as large, and chosen by whoever invites.
constexpr std::size_t kBodyCap = 128U << 20U;

http::Reply ok() {
    return {200, "{}", "application/json", {}};
}

http::Reply error(int status, std::string_view errcode, std::string_view text) {
    json::Value body = json::Object{};
    body.set("errcode", json::Value(errcode)).set("error", json::Value(text));
    return {status, json::write(body), "application/json", {}};
}

// Takes as long for a wrong token as for the right one. Comparing hashes hides the length as well.
bool same_token(std::string_view given, std::string_view expected) {
    const auto digest = [](std::string_view text) {
        std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
        crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
        return hash;
    };
    const auto a = digest(given);
    const auto b = digest(expected);
    return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<http::Reply> check_token(const http::IncomingRequest& request, std::string_view hs_token) {
    constexpr std::string_view kScheme = "Bearer ";
    const std::string* header = request.header("Authorization");
    if (header == nullptr || !http::equal_ignoring_case(header->substr(0, kScheme.size()), kScheme))
        return error(401, "M_MISSING_TOKEN", "the header Authorization holds no bearer token");
    if (!same_token(std::string_view(*header).substr(kScheme.size()), hs_token))
        return error(403, "M_FORBIDDEN", "not the token of the registration");
    return std::nullopt;
}

http::Reply refusal(int status, std::string_view text) {
    return error(status, status == http::kTooLarge ? "M_TOO_LARGE" : "M_UNKNOWN", text);
}

// What becomes of the requests.
struct Sinks {
    TransactionSink transaction;
    PingSink pinged;
    RefusedSink refused;
};

void say_too_large(const http::IncomingRequest& request, const RefusedSink& refused) {
    if (refused && route(request.method, request.path).endpoint == Endpoint::transaction)
        refused(fmt::format("it has more than {} MiB", kBodyCap >> 20U));
}

void take_transaction(std::string id, const std::string& body, http::Responder responder,
                      const Sinks& sinks) {
    auto read = schema::read_transaction(body);
    if (!read) {
        if (sinks.refused) sinks.refused(read.error().message);
        const char* const code = json::parse(body) ? "M_BAD_JSON" : "M_NOT_JSON";
        return responder.answer(error(400, code, read.error().message));
    }
    sinks.transaction(
        Transaction{std::move(id), std::move(read->events), std::move(read->unreadable), read->unusable},
        Answer(std::move(responder)));
}

// An id of ours is short; of another one nothing is wanted.
void take_ping(const std::string& body, const PingSink& pinged) {
    if (!pinged) return;
    const json::Value read = json::parse(body).value_or(json::Value());
    std::string id = read["transaction_id"].text();
    pinged(id.size() <= schema::kLongestId ? std::move(id) : std::string());
}

void serve(http::IncomingRequest request, http::Responder responder, const Sinks& sinks) {
    Route wanted = route(request.method, request.path);
    switch (wanted.endpoint) {
        case Endpoint::transaction:
            return take_transaction(std::move(wanted.name), request.body, std::move(responder), sinks);
        case Endpoint::ping:
            take_ping(request.body, sinks.pinged);
            return responder.answer(ok());
        // Nothing is made on demand: every name that we use exists before anyone can ask for it.
        case Endpoint::user:
            return responder.answer(error(404, "M_NOT_FOUND", "no such user"));
        case Endpoint::alias:
            return responder.answer(error(404, "M_NOT_FOUND", "no such room"));
        case Endpoint::thirdparty:
            return responder.answer(error(404, "M_NOT_FOUND", "no such network"));
        case Endpoint::unknown:
            return responder.answer(error(404, "M_UNRECOGNIZED", "no such path"));
        case Endpoint::wrong_method:
            return responder.answer(error(405, "M_UNRECOGNIZED", "no such method here"));
        case Endpoint::bad_name:
            return responder.answer(
                error(400, "M_INVALID_PARAM", "the last part of the path is no identifier"));
    }
}

}  // namespace

void Answer::durable() {
    responder_.answer(ok());
}

void Answer::failed() {
    responder_.answer(error(503, "M_UNKNOWN", "not taken; send it again"));
}

Result<std::unique_ptr<Appservice>> Appservice::start(const AppserviceOptions& options, TransactionSink sink,
                                                      PingSink pinged, RefusedSink refused) {
    if (sodium_init() < 0) return fail(ErrorKind::io, "libsodium cannot be initialised");
    if (options.hs_token.empty()) return fail(ErrorKind::invalid_input, "the registration has no hs_token");
    http::ServerOptions server_options;
    server_options.host = options.host;
    server_options.port = options.port;
    server_options.body_cap = kBodyCap;
    server_options.admit = [token = options.hs_token](const http::IncomingRequest& request) {
        return check_token(request, token);
    };
    server_options.refusal = refusal;
    server_options.too_large = [refused](const http::IncomingRequest& request) {
        say_too_large(request, refused);
    };
    auto server = http::Server::start(std::move(server_options),
                                      [sinks = Sinks{std::move(sink), std::move(pinged), std::move(refused)}](
                                          http::IncomingRequest request, http::Responder responder) {
                                          serve(std::move(request), std::move(responder), sinks);
                                      });
    if (!server) return pass(server);
    return std::unique_ptr<Appservice>(new Appservice(std::move(*server)));
}

}  // namespace rollcall::matrix
