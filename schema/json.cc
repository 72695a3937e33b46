#include "schema/json.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <iterator>

#include "schema/utf8.h"

namespace rollcall::json {

Value::Value(Array a) : data_(std::move(a)) {}
Value::Value(Object o) : data_(std::move(o)) {}
Value::~Value() = default;
Value::Value(const Value&) = default;
Value& Value::operator=(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(Value&&) noexcept = default;
bool Value::operator==(const Value& other) const {
    return data_ == other.data_;
}
namespace {

// Builds a Value from RapidJSON's events and stops it at the first thing that the header promises to refuse.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
  public:
    explicit Builder(const Limits& limits) : limits_(limits) {}

    // Names are RapidJSON's.
    bool Null() { return add(Value()); }
    bool Bool(bool b) { return add(Value(b)); }
    bool RawNumber(const char* text, rapidjson::SizeType length, bool) { return number({text, length}); }
    bool String(const char* text, rapidjson::SizeType length, bool) {
        const std::string_view view(text, length);
        return checked(view) && add(Value(view));
    }
    bool StartObject() { return open(Value(Object())); }
    bool StartArray() { return open(Value(Array())); }
    bool Key(const char* text, rapidjson::SizeType length, bool) {
        const std::string_view view(text, length);
        if (!checked(view)) return false;
        keys_.emplace_back(view);
        return true;
    }
    bool EndObject(rapidjson::SizeType) { return unique_keys(*open_.back().object()) && close(); }
    bool EndArray(rapidjson::SizeType) { return close(); }

    [[nodiscard]] const std::string& refusal() const { return refusal_; }
    [[nodiscard]] Value take() { return std::move(root_); }

  private:
    bool refuse(std::string why) {
        refusal_ = std::move(why);
        return false;
    }
    // RapidJSON checks the bytes of the text but lets "\udc00" through, which no UTF-8 can hold.
    bool checked(std::string_view text) {
        return schema::is_utf8(text) || refuse("half of a surrogate pair in a string");
    }
    bool number(std::string_view text) {
        const char* const end = text.data() + text.size();
        std::int64_t integer = 0;
        if (const auto read = std::from_chars(text.data(), end, integer);
            read.ec == std::errc{} && read.ptr == end)
            return add(Value(integer));
        double real = 0;
        const auto read = std::from_chars(text.data(), end, real);
        if (read.ec != std::errc{} || read.ptr != end || !std::isfinite(real))
            return refuse("a number out of range");
        return add(Value(real));
    }
    bool open(Value container) {
        if (open_.size() >= limits_.depth)
            return refuse(fmt::format("nested deeper than {} levels", limits_.depth));
        if (!count()) return false;
        open_.push_back(std::move(container));
        return true;
    }
    bool close() {
        Value done = std::move(open_.back());
        open_.pop_back();
        place(std::move(done));
        return true;
    }
    bool add(Value value) {
        if (!count()) return false;
        place(std::move(value));
        return true;
    }
    bool count() {
        return ++values_ <= limits_.values || refuse(fmt::format("more than {} values", limits_.values));
    }
    void place(Value value) {
        if (open_.empty()) {
            root_ = std::move(value);
        } else if (Array* array = open_.back().array()) {
            array->push_back(std::move(value));
        } else {
            open_.back().object()->emplace_back(std::move(keys_.back()), std::move(value));
            keys_.pop_back();
        }
    }
    bool unique_keys(const Object& object) {
        if (object.size() < 2) return true;
        std::vector<std::string_view> names;
        names.reserve(object.size());
        for (const Member& member : object) names.emplace_back(member.first);
        std::sort(names.begin(), names.end());
        const auto twice = std::adjacent_find(names.begin(), names.end());
        return twice == names.end() ||
               refuse(fmt::format("the key \"{}\" stands twice in one object", *twice));
    }

    const Limits& limits_;
    std::vector<Value> open_;        // containers not yet closed, outermost first
    std::vector<std::string> keys_;  // keys whose value is not complete yet
    std::size_t values_ = 0;
    Value root_;
    std::string refusal_;
};

[[nodiscard]] tl::unexpected<Error> bad_json(std::string_view what, std::size_t offset) {
    return fail(ErrorKind::invalid_input, fmt::format("not usable JSON: {} at byte {}", what, offset));
}

// What is no UTF-8 (a value that some directory keeps) becomes U+FFFD a byte, so that what is written can be
// read.
std::string repaired(std::string_view text) {
    std::string made;
    for (std::size_t bad = schema::first_bad_utf8(text); bad != std::string_view::npos;
         bad = schema::first_bad_utf8(text)) {
        made += text.substr(0, bad);
        made += "\xef\xbf\xbd";
        text.remove_prefix(bad + 1);
    }
    return made += text;
}

void write_string(std::string& out, std::string_view given) {
    const bool good = schema::is_utf8(given);
    const std::string other = good ? std::string() : repaired(given);
    const std::string_view text = good ? given : std::string_view(other);
    static constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\r':
                out += "\\r";
                break;
            default:
                if (const auto byte = static_cast<unsigned char>(c); byte < 0x20) {
                    out += "\\u00";
                    out += kHex[byte >> 4U];
                    out += kHex[byte & 0xfU];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

void write_number(std::string& out, double number) {
    assert(std::isfinite(number));  // parse() refuses others, and nothing of ours computes with them
    std::array<char, 32> buffer{};
    const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    const std::string_view text(buffer.data(), written.ptr);
    out += text;
    if (text.find_first_of(".e") == std::string_view::npos)
        out += ".0";  // so that it is read as a double again
}

// Everything but arrays and objects.
void write_scalar(std::string& out, const Value& value) {
    if (const std::string* text = value.string())
        write_string(out, *text);
    else if (const std::int64_t* integer = value.integer())
        fmt::format_to(std::back_inserter(out), "{}", *integer);
    else if (const bool* boolean = value.boolean())
        out += *boolean ? "true" : "false";
    else if (const double* number = value.number())
        write_number(out, *number);
    else
        out += "null";
}

void write_canonical(std::string& out, const Value& value) {
    if (const Array* array = value.array()) {
        out += '[';
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (i > 0) out += ',';
            write_canonical(out, (*array)[i]);
        }
        out += ']';
    } else if (const Object* object = value.object()) {
        // The order of bytes is the order of code points in UTF-8.
        std::vector<const Member*> sorted;
        sorted.reserve(object->size());
        for (const Member& member : *object) sorted.push_back(&member);
        std::sort(sorted.begin(), sorted.end(),
                  [](const Member* a, const Member* b) { return a->first < b->first; });
        out += '{';
        for (std::size_t i = 0; i < sorted.size(); ++i) {
            if (i > 0) out += ',';
            write_string(out, sorted[i]->first);
            out += ':';
            write_canonical(out, sorted[i]->second);
        }
        out += '}';
    } else {
        write_scalar(out, value);
    }
}

void write_indented(std::string& out, const Value& value, std::size_t indent) {
    const auto line = [&](std::size_t level, bool first) {
        out += first ? "\n" : ",\n";
        out.append(level * 2, ' ');
    };
    if (const Array* array = value.array(); array != nullptr && !array->empty()) {
        out += '[';
        for (std::size_t i = 0; i < array->size(); ++i) {
            line(indent + 1, i == 0);
            write_indented(out, (*array)[i], indent + 1);
        }
        line(indent, true);
        out += ']';
    } else if (const Object* object = value.object(); object != nullptr && !object->empty()) {
        out += '{';
        for (std::size_t i = 0; i < object->size(); ++i) {
            line(indent + 1, i == 0);
            write_string(out, (*object)[i].first);
            out += ": ";
            write_indented(out, (*object)[i].second, indent + 1);
        }
        line(indent, true);
        out += '}';
    } else {
        write_canonical(out, value);
    }
}

}  // namespace

const Value& Value::operator[](std::string_view key) const {
    static const Value kNull;
    if (const Object* members = object())
        for (const Member& member : *members)
            if (member.first == key) return member.second;
    return kNull;
}

std::string Value::text(std::string_view otherwise) const {
    return string() ? *string() : std::string(otherwise);
}
std::int64_t Value::integer_or(std::int64_t otherwise) const {
    return integer() ? *integer() : otherwise;
}
bool Value::boolean_or(bool otherwise) const {
    return boolean() ? *boolean() : otherwise;
}

Value& Value::set(std::string key, Value value) {
    if (is_null()) data_ = Object();
    assert(is_object());
    for (Member& member : *object())
        if (member.first == key) {
            member.second = std::move(value);
            return *this;
        }
    object()->emplace_back(std::move(key), std::move(value));
    return *this;
}

Value& Value::push(Value value) {
    if (is_null()) data_ = Array();
    assert(is_array());
    array()->push_back(std::move(value));
    return *this;
}

Result<Value> parse(std::string_view text, const Limits& limits) {
    if (text.size() > limits.bytes)
        return fail(ErrorKind::limit, fmt::format("JSON of {} bytes is longer than the limit of {}",
                                                  text.size(), limits.bytes));
    // RapidJSON takes a NUL for the end of the text and says nothing about what follows it.
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
        return bad_json("a NUL byte", nul);
    constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                                rapidjson::kParseNumbersAsStringsFlag;
    Builder builder(limits);
    rapidjson::MemoryStream stream(text.data(), text.size());
    rapidjson::Reader reader;
    const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, builder);
    if (!result.IsError()) return builder.take();
    if (!builder.refusal().empty()) return bad_json(builder.refusal(), result.Offset());
    std::string_view what = rapidjson::GetParseError_En(result.Code());
    if (what.ends_with('.')) what.remove_suffix(1);
    return bad_json(what, result.Offset());
}

std::string write(const Value& value) {
    std::string out;
    write_canonical(out, value);
    return out;
}

std::string write_pretty(const Value& value) {
    std::string out;
    write_indented(out, value, 0);
    return out;
}

}  // namespace rollcall::json
