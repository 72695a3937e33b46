// Rows<T>: many short sorted sequences in one pool; the container behind edges, memberships and plans.
//
//     row 0 ─┐      ┌─────────────── pool ────────────────┐
//     row 1 ─┼────► │ a b c . │ d e │ (hole) │ f g h i . . │      . = room to grow
//     row 2 ─┘      └─────────────────────────────────────┘
//
// Why not a vector of vectors: 500,000 of those cost 24 bytes each plus an allocation each; a row here
// costs 12. A row that outgrows its place moves to the end and leaves a hole; when half the pool is holes it
// is packed anew. T is trivially copyable and ordered by `<`; a row holds no two equal elements. Pointers
// into a row hold until the next change of any row. No locking: owned by one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "policy/base/block.h"

namespace rollcall {

template <class T>
class Rows {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    [[nodiscard]] std::size_t row_count() const { return rows_.size(); }
    [[nodiscard]] std::size_t element_count() const { return live_; }
    [[nodiscard]] std::span<const T> row(std::size_t r) const {
        if (r >= rows_.size()) return {};
        return {pool_.data() + rows_[r].offset, rows_[r].size};
    }
    [[nodiscard]] const T* find(std::size_t r, const T& key) const {
        const auto span = row(r);
        const auto at = std::lower_bound(span.begin(), span.end(), key);
        return at == span.end() || key < *at ? nullptr : &*at;
    }
    // Inserts, or overwrites the equal element. True if it was not there.
    bool put(std::size_t r, const T& element) {
        ensure(r);
        const auto span = row(r);
        const auto at =
            static_cast<std::uint32_t>(std::lower_bound(span.begin(), span.end(), element) - span.begin());
        T* here = pool_.data() + rows_[r].offset + at;
        if (at < rows_[r].size && !(element < *here)) {
            *here = element;
            return false;
        }
        if (rows_[r].size == rows_[r].capacity) grow(r);
        T* first = pool_.data() + rows_[r].offset;
        std::move_backward(first + at, first + rows_[r].size, first + rows_[r].size + 1);
        first[at] = element;
        ++rows_[r].size;
        ++live_;
        return true;
    }
    bool erase(std::size_t r, const T& key) {
        const T* found = find(r, key);
        if (found == nullptr) return false;
        T* first = pool_.data() + rows_[r].offset;
        T* at = first + (found - first);
        std::move(at + 1, first + rows_[r].size, at);
        --rows_[r].size;
        --live_;
        return true;
    }
    // Replaces a row; `sorted` must be in order, without equal elements, and must not point into this
    // container.
    void assign(std::size_t r, std::span<const T> sorted) {
        if (sorted.empty() && r >= rows_.size()) return;  // is so already
        ensure(r);
        live_ = live_ - rows_[r].size + sorted.size();
        if (sorted.size() > rows_[r].capacity) {
            rows_[r].size = 0;
            relocate(r, static_cast<std::uint32_t>(sorted.size()));
        }
        std::copy(sorted.begin(), sorted.end(), pool_.data() + rows_[r].offset);
        rows_[r].size = static_cast<std::uint32_t>(sorted.size());
    }
    void clear() { *this = Rows(); }
    // After many rows were built element by element: neither holes nor room to grow are kept.
    void compact() {
        pack(false);
        pool_.reserve(0);
        rows_.reserve(0);
    }
    void reserve(std::size_t row_count, std::size_t element_count) {
        rows_.reserve(row_count);
        pool_.reserve(element_count);
    }

  private:
    struct Row {
        std::uint32_t offset = 0;
        std::uint32_t size = 0;
        std::uint32_t capacity = 0;
    };
    void ensure(std::size_t r) {
        if (r >= rows_.size()) rows_.resize(r + 1);
    }
    void grow(std::size_t r) {
        relocate(r, std::max<std::uint32_t>(2, rows_[r].size + rows_[r].size / 2 + 1));
    }
    void relocate(std::size_t r, std::uint32_t capacity) {
        Row& row = rows_[r];
        if (row.capacity > 0 &&
            row.offset + row.capacity == pool_.size()) {  // last in the pool: grow in place
            pool_.resize(row.offset + capacity);
            row.capacity = capacity;
            return;
        }
        holes_ += row.capacity;
        const auto offset = static_cast<std::uint32_t>(pool_.size());
        pool_.resize(offset + capacity);
        std::copy_n(pool_.data() + row.offset, row.size, pool_.data() + offset);
        row.offset = offset;
        row.capacity = capacity;
        if (holes_ > 4096 && holes_ > pool_.size() / 4) pack(true);
    }
    // Closes the holes, from the front to the back, in place.
    void pack(bool keep_room_to_grow) {
        std::vector<std::uint32_t> order;
        for (std::size_t r = 0; r < rows_.size(); ++r)
            if (rows_[r].capacity > 0) order.push_back(static_cast<std::uint32_t>(r));
        std::sort(order.begin(), order.end(),
                  [this](std::uint32_t a, std::uint32_t b) { return rows_[a].offset < rows_[b].offset; });
        std::uint32_t to = 0;
        for (const std::uint32_t r : order) {
            Row& row = rows_[r];
            T* const from = pool_.data() + row.offset;
            std::move(from, from + row.size, pool_.data() + to);
            row.offset = to;
            if (!keep_room_to_grow) row.capacity = row.size;
            to += row.capacity;
        }
        pool_.resize(to);
        holes_ = 0;
    }

    Block<Row> rows_;
    Block<T> pool_;
    std::size_t live_ = 0;
    std::size_t holes_ = 0;
};

}  // namespace rollcall
