#include "daemon/anchors/make_anchors.h"

#include <memory>
#include <string>
#include <utility>

#include "daemon/anchors/anchor_room.h"
#include "daemon/anchors/anchor_syslog.h"
#include "daemon/anchors/anchor_witness.h"
#include "daemon/audit/anchor_folder.h"
#include "daemon/store/trail_reader.h"

namespace rollcall::anchors {
namespace {

// Anew each time: the room may be made meanwhile, and anchors ask seldom.
AnchorRoom::FindRoom room_in(const std::string& state, const std::string& key) {
    return [state, key]() -> Result<std::optional<std::string>> {
        auto reader = store::TrailReader::open(state);
        if (!reader) return pass(reader);
        return (*reader)->room_id(key);
    };
}

}  // namespace

Result<audit::Anchors> make_anchors(const schema::Config& config,
                                    const std::function<Result<matrix::Access>()>& access) {
    audit::Anchors out;
    for (const schema::AnchorConfig& anchor : config.audit.anchors) {
        if (!anchor.room.empty()) {
            Result<matrix::Access> bot = access();
            if (!bot) return pass(bot);
            out.push_back(std::make_unique<AnchorRoom>(anchor.name, anchor.room,
                                                       room_in(config.state, anchor.room), std::move(*bot)));
        } else if (!anchor.witness_url.empty()) {
            out.push_back(std::make_unique<AnchorWitness>(anchor.name, anchor.witness_url, anchor.witness_key,
                                                          config.audit.folder));
        } else if (!anchor.syslog.empty()) {
            syslog::Target to;
            to.url = anchor.syslog;
            to.ca_file = anchor.ca_file;
            out.push_back(
                std::make_unique<AnchorSyslog>(anchor.name, std::move(to), config.homeserver.server_name));
        } else {
            out.push_back(std::make_unique<audit::AnchorFolder>(anchor.name, anchor.folder));
        }
    }
    return out;
}

}  // namespace rollcall::anchors
