// TrailReader: the trail's tables for whoever does not own the store: the publisher, which takes leaves from
// them, `verify`, which compares them with the log, anchors that are rooms, and questions to the trail. A
// connection of its own that cannot write, beside the engine's. Owned by one thread.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/store/sqlite.h"
#include "daemon/store/store.h"
#include "daemon/store/trail_times.h"

namespace rollcall::store {

// A row as it stands in the table, with the keys of its parties.
struct TrailRowRead {
    TrailRow row;  // `leaf.text` is empty where the leaf went
    // By party. No key: erased, or there is no such party.
    std::array<std::optional<schema::PersonKey>, 2> keys;
    std::array<bool, 2> erased{};
    std::array<std::uint64_t, 2> filed_under{};  // person_key of the parts; 0: there is none
    std::array<Guid, 2> guids;                   // by which those keys are found; "" by none
    std::array<std::string, 2> names;
};

class TrailReader : public TrailSource {
  public:
    // `folder`: the state folder. Error `conflict` where its database is of another version's schema.
    [[nodiscard]] static Result<std::unique_ptr<TrailReader>> open(const std::string& folder);

    // Leaves after entry `after`, in order, at most so many. `conflict` where one is not there any more.
    [[nodiscard]] Result<std::vector<std::string>> leaves(std::uint64_t after, std::size_t at_most);
    // The number of the first leaf that is still there; 0 for none.
    [[nodiscard]] Result<std::uint64_t> first_leaf();
    // Numbers of the entries of that kind and action, in order.
    [[nodiscard]] Result<std::vector<std::uint64_t>> numbers(std::string_view kind, std::string_view action);
    // One leaf: the store's, or, where that went, the log's (see read_leaves_with()).
    [[nodiscard]] Result<std::string> leaf(std::uint64_t number);
    // Rows after entry `after`, in order, at most so many. whole_rows(): each with its leaf, wherever that
    // is.
    [[nodiscard]] Result<std::vector<TrailRowRead>> whole_rows(std::uint64_t after, std::size_t at_most);
    [[nodiscard]] Result<std::vector<TrailRowRead>> rows(std::uint64_t after, std::size_t at_most);
    // When the entries were written, 1,024 at a time.
    [[nodiscard]] Result<std::vector<TimeBlock>> times() { return read_times(*database_, 0); }
    // Intents that are under way, and the last one that an older form of the trail announced.
    [[nodiscard]] Result<std::vector<std::uint64_t>> in_flight();
    [[nodiscard]] Result<std::uint64_t> last_former_intent();
    // Every policy that was ever put in force, in their order.
    [[nodiscard]] Status each_policy(const std::function<Status(const StoredPolicy&)>& visit);
    // Values of the marks of one kind, by key.
    [[nodiscard]] Result<std::map<std::string, std::string>> marks(std::string_view kind);
    // The ID of the managed room of that key, or of the one that had it before; nullopt: it is not made yet,
    // or still in its first fill, in which nobody writes.
    [[nodiscard]] Result<std::optional<std::string>> room_id(const std::string& key);

    [[nodiscard]] Result<std::vector<StoredTrailEntry>> trail(const TrailFilter& filter) override;
    [[nodiscard]] Status each_trail(const TrailFilter& filter, const TrailVisit& visit) override;
    [[nodiscard]] Result<std::uint64_t> trail_size() override;
    void read_leaves_with(LeafReader reader) override { leaves_ = std::move(reader); }

    // Everything read in `work` is of one moment.
    template <class Work>
    [[nodiscard]] Status snapshot(Work work) {
        return database_->snapshot(std::move(work));
    }

  private:
    explicit TrailReader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
    [[nodiscard]] Status read_parts(TrailRowRead& into);

    std::unique_ptr<Database> database_;
    LeafReader leaves_;
};

}  // namespace rollcall::store
