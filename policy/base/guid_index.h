// GuidIndex<IdType>: GUID → dense id, for objects that know their own GUID and are never taken out. Holds ids
// only (open addressing, at most half full): half a million people in 4 MB instead of the 28 of a hash map.
// Owned by whoever owns the objects; no locking.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "policy/base/guid.h"

namespace rollcall {

template <class IdType, class Object>
class GuidIndex {
  public:
    // Invalid: none.
    [[nodiscard]] IdType find(const std::vector<Object>& objects, const Guid& guid) const {
        return table_.empty() ? IdType{} : table_[place_of(objects, guid)];
    }
    // objects[id] is there and has its GUID. False: another object has that one.
    bool add(const std::vector<Object>& objects, IdType id) {
        if (2 * (size_ + 1) > table_.size()) grow(objects);
        IdType& slot = table_[place_of(objects, objects[id.index()].guid)];
        if (slot.valid()) return false;
        slot = id;
        ++size_;
        return true;
    }

  private:
    // Where it stands, or the free place where it would.
    [[nodiscard]] std::size_t place_of(const std::vector<Object>& objects, const Guid& guid) const {
        const std::size_t mask = table_.size() - 1;
        std::size_t at = GuidHash{}(guid)&mask;
        while (table_[at].valid() && objects[table_[at].index()].guid != guid) at = (at + 1) & mask;
        return at;
    }
    void grow(const std::vector<Object>& objects) {
        const std::vector<IdType> before =
            std::exchange(table_, std::vector<IdType>(table_.empty() ? 16 : table_.size() * 2));
        for (const IdType id : before)
            if (id.valid()) table_[place_of(objects, objects[id.index()].guid)] = id;
    }

    std::vector<IdType> table_;  // by hash; its size is a power of two
    std::size_t size_ = 0;
};

}  // namespace rollcall
