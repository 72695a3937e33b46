// Block<T>: a growing array of trivially copyable elements for the few arrays that are most of the memory.
//
// Unlike std::vector it grows by a sixteenth, and in place: the C library moves the pages of a large block
// and copies nothing, so a pool of 120 MB never needs another 150 beside it. What is large it is told in
// daemon/main.cc. No locking.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace rollcall {

template <class T>
class Block {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    Block() = default;
    Block(const Block& other) {
        resize_exactly(other.size_);
        if (size_ > 0) std::memcpy(static_cast<void*>(data_), other.data_, size_ * sizeof(T));
    }
    Block(Block&& other) noexcept { swap(other); }
    Block& operator=(Block other) noexcept {
        swap(other);
        return *this;
    }
    ~Block() { std::free(data_); }

    [[nodiscard]] T* data() { return data_; }
    [[nodiscard]] const T* data() const { return data_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] T* begin() { return data_; }
    [[nodiscard]] T* end() { return data_ + size_; }
    T& operator[](std::size_t i) { return data_[i]; }
    const T& operator[](std::size_t i) const { return data_[i]; }
    // New elements are T().
    void resize(std::size_t size) {
        if (size > capacity_) reserve(std::max(size, capacity_ + capacity_ / 16 + 16));
        for (; size_ < size; ++size_) new (data_ + size_) T();
        size_ = size;
    }
    // Room for just as many.
    void resize_exactly(std::size_t size) {
        if (size != capacity_) reserve(size);
        resize(size);
    }
    // Never below what is held.
    void reserve(std::size_t capacity) {
        capacity = std::max(capacity, size_);
        if (capacity == capacity_ || capacity == 0) return;
        void* const moved = std::realloc(static_cast<void*>(data_), capacity * sizeof(T));
        if (moved == nullptr) throw std::bad_alloc();
        data_ = static_cast<T*>(moved);
        capacity_ = capacity;
    }

  private:
    void swap(Block& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

    T* data_ = nullptr;
    std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace rollcall
