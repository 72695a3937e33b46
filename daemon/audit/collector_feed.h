// The trail as syslog messages: what `audit export --format syslog` writes, entry after entry, with names or
// with pseudonyms in their place.
//
// Reads through a connection of its own, beside the engine's, and leaves that the store has no more from the
// log's files. Owned by one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/store/trail_reader.h"

namespace rollcall::audit {

struct FeedSettings {
    std::string state;   // folder of the store
    std::string folder;  // of the log
    std::string host;    // whose trail it is
    bool names = false;  // otherwise pseudonyms, and nothing of what was said about people
};

class CollectorFeed {
  public:
    [[nodiscard]] static Result<CollectorFeed> open(const FeedSettings& settings);

    // Messages of the entries after number `after`, in order, the first that of entry `after` + 1; at most so
    // many. None: there are no more yet. Errors: io and conflict, where an entry cannot be read.
    [[nodiscard]] Result<std::vector<std::string>> next(std::uint64_t after, std::size_t at_most);
    [[nodiscard]] Result<std::uint64_t> size() { return reader_->trail_size(); }

  private:
    CollectorFeed(std::unique_ptr<store::TrailReader> reader, std::string host, bool names)
        : reader_(std::move(reader)), host_(std::move(host)), names_(names) {}
    [[nodiscard]] Result<std::string> message(const store::TrailRowRead& row) const;

    std::unique_ptr<store::TrailReader> reader_;
    std::string host_;
    bool names_;
};

}  // namespace rollcall::audit
