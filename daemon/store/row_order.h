// Two small helpers around the world's pooled rows: what was touched in an order that suits B-trees, and
// whole pools from pairs at once, because filling them one by one would move every row many times.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "policy/base/rows.h"

namespace rollcall::store {

template <class Set>
[[nodiscard]] auto in_order(const Set& touched) {
    std::vector<typename Set::value_type> sorted(touched.begin(), touched.end());
    std::sort(sorted.begin(), sorted.end());
    return sorted;
}

// Fills `rows` with `row_count` rows from (row, element) pairs in any order, none twice.
template <class T>
void assign_all(Rows<T>& rows, std::size_t row_count, std::vector<std::pair<std::uint32_t, T>>& pairs) {
    std::sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first : a.second < b.second;
    });
    rows.reserve(row_count, pairs.size());
    std::vector<T> row;
    std::size_t at = 0;
    for (std::size_t r = 0; r < row_count; ++r) {
        row.clear();
        for (; at < pairs.size() && pairs[at].first == r; ++at) row.push_back(pairs[at].second);
        rows.assign(r, row);
    }
}

}  // namespace rollcall::store
