// The only door to JSON: one value type, one guarded parser, one canonical writer. json.cc alone includes
// RapidJSON.
//
// RapidJSON as Debian ships it (1.1.0) needs guards, so parse() is iterative, checks UTF-8, reads numbers
// through std::from_chars (CVE-2024-38517), refuses duplicate keys, and caps size, depth and the number of
// values. Values only; no locking; safe to hand between threads by move.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "policy/base/result.h"

namespace rollcall::json {

class Value;
using Array = std::vector<Value>;
using Member = std::pair<std::string, Value>;
using Object = std::vector<Member>;  // in the order of the text; a parsed one has no key twice

class Value {
  public:
    Value() = default;  // null
    Value(std::nullptr_t) {}
    Value(bool b) : data_(b) {}
    Value(int i) : data_(static_cast<std::int64_t>(i)) {}
    Value(std::int64_t i) : data_(i) {}
    Value(double d) : data_(d) {}
    Value(std::string s) : data_(std::move(s)) {}
    Value(std::string_view s) : data_(std::string(s)) {}
    Value(const char* s) : data_(std::string(s)) {}
    Value(Array a);
    Value(Object o);
    // Compiled once: every file that handles JSON would do it for itself.
    ~Value();
    Value(const Value&);
    Value& operator=(const Value&);
    Value(Value&&) noexcept;
    Value& operator=(Value&&) noexcept;

    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
    [[nodiscard]] bool is_object() const { return std::holds_alternative<Object>(data_); }
    [[nodiscard]] bool is_array() const { return std::holds_alternative<Array>(data_); }
    [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&data_); }
    [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data_); }
    [[nodiscard]] const double* number() const { return std::get_if<double>(&data_); }  // not for integers
    [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&data_); }
    [[nodiscard]] const Array* array() const { return std::get_if<Array>(&data_); }
    [[nodiscard]] const Object* object() const { return std::get_if<Object>(&data_); }
    [[nodiscard]] Array* array() { return std::get_if<Array>(&data_); }
    [[nodiscard]] Object* object() { return std::get_if<Object>(&data_); }

    // The member of that name, or a shared null where this is no object or has no such member: chains never
    // fail.
    [[nodiscard]] const Value& operator[](std::string_view key) const;
    // The text, or `otherwise` where this is no string. Likewise the others.
    [[nodiscard]] std::string text(std::string_view otherwise = {}) const;
    [[nodiscard]] std::int64_t integer_or(std::int64_t otherwise) const;
    [[nodiscard]] bool boolean_or(bool otherwise) const;
    // Sets a member; this becomes an object if it was null.
    Value& set(std::string key, Value value);
    Value& push(Value value);  // likewise an array

    bool operator==(const Value&) const;

  private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> data_;
};

struct Limits {
    std::size_t bytes = 16U << 20U;
    std::size_t depth = 64;
    std::size_t values = 2'000'000;
};

// Errors are invalid_input with the byte offset in the message.
[[nodiscard]] Result<Value> parse(std::string_view text, const Limits& limits = {});

// Canonical JSON as the Matrix specification defines it (appendix "Canonical JSON"): keys sorted by code
// point, no blanks, shortest escapes. Doubles are written in their shortest form (ours never hold any).
[[nodiscard]] std::string write(const Value& value);
// For people and --json: two blanks a level, members in the order in which they were set.
[[nodiscard]] std::string write_pretty(const Value& value);

}  // namespace rollcall::json
