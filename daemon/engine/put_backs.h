// PutBacks: what people change by hand and the daemon puts back, by what puts it back, for as long as it goes
// on: a room's name that an owner's script sets, somebody who leaves a room into which they are always put
// back.
//
// The first few times it is put back at once. Where it is changed again each time it is put back more and
// more seldom: neither the room nor the homeserver has to bear what two programs do to each other. What
// decides who reads and who comes in is put back at once whatever anybody does. Once nobody has changed it
// for a while it is forgotten. Kept in memory only, and counted by the clock that does not jump. Engine
// thread only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/guard.h"

namespace rollcall::engine {

class PutBacks {
  public:
    static constexpr std::size_t kAtOnce = 3;
    static constexpr Duration kFirstWait = std::chrono::minutes{1};
    static constexpr Duration kLongestWait = std::chrono::hours{1};
    static constexpr Duration kCalm = std::chrono::hours{1};

    struct PutBack {
        std::size_t changes = 0, times = 0;     // by hand; and put back
        std::map<std::string, std::size_t> by;  // the first who did
        Time since{};
        Tick last{};         // of both
        Tick not_before{};   // put back again
        bool open = false;   // changed since it was put back last
        bool again = false;  // and again: it is said
    };
    using All = std::map<policy::ActionKey, PutBack>;

    // Somebody has changed what `key` puts right. True: from now on it goes on and on.
    bool changed(const policy::ActionKey& key, std::string_view by, Time date, Tick now);
    void done(const policy::ActionKey& key, Tick now);
    [[nodiscard]] bool waits(const policy::ActionKey& key, Tick now) const;
    // Somebody has asked for it: what waits is put back now.
    void try_now();
    void try_now(const policy::ActionKey& key);
    // What nobody has changed for a while, of which it was said that it goes on; forgotten with this.
    [[nodiscard]] std::vector<policy::ActionKey> calm(Tick now);
    void rename_room(const std::string& from, const std::string& to);
    void forget_room(const std::string& room);
    // When something waits no longer, or is forgotten.
    [[nodiscard]] Tick next(Tick now) const;
    [[nodiscard]] const All& all() const { return all_; }
    // Those that go on and on.
    [[nodiscard]] std::size_t again() const;
    [[nodiscard]] bool again(const policy::ActionKey& key) const;

  private:
    All all_;
};

}  // namespace rollcall::engine
