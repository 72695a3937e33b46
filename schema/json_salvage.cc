#include "schema/json_salvage.h"

#include <fmt/format.h>

namespace rollcall::json {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

class Cutter {
  public:
    explicit Cutter(std::string_view text) : text_(text) {}

    Result<std::vector<Slice>> cut(char open, char close) {
        std::vector<Slice> made;
        skip_blanks();
        if (!take(open)) return broken();
        skip_blanks();
        if (!take(close)) {
            do {
                Slice slice;
                if (open == '{' && !read_key(slice.key)) return broken();
                if (!read_value(slice.text)) return broken();
                made.push_back(std::move(slice));
            } while (take(','));
            if (!take(close)) return broken();
        }
        skip_blanks();
        if (at_ != text_.size()) return broken();
        return made;
    }

  private:
    void skip_blanks() { at_ = std::min(text_.find_first_not_of(kBlank, at_), text_.size()); }
    bool take(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    // From one quote to past the other.
    bool skip_string() {
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] == '\\') {
                ++at_;
            } else if (text_[at_] == '"') {
                ++at_;
                return true;
            }
        }
        return false;
    }
    bool read_key(std::string& key) {
        skip_blanks();
        const std::size_t start = at_;
        if (at_ >= text_.size() || text_[at_] != '"' || !skip_string()) return false;
        const std::string_view quoted = text_.substr(start, at_ - start);
        const auto plain = quoted.find('\\') == std::string_view::npos
                               ? Result<Value>(quoted.substr(1, quoted.size() - 2))
                               : parse(quoted);
        if (plain) key = plain->text();  // a key that is no text keeps the name "", which nobody asks for
        skip_blanks();
        return take(':');
    }
    // Up to the comma or bracket that ends this value.
    bool read_value(std::string_view& value) {
        skip_blanks();
        const std::size_t start = at_;
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                if (!skip_string()) return false;
                continue;
            }
            if (depth == 0 && (c == ',' || c == ']' || c == '}')) break;
            if (c == '[' || c == '{') ++depth;
            if (c == ']' || c == '}') --depth;
            ++at_;
        }
        value = text_.substr(start, at_ - start);
        value.remove_suffix(value.size() - (value.find_last_not_of(kBlank) + 1));  // npos + 1 is 0
        return !value.empty();
    }
    [[nodiscard]] tl::unexpected<Error> broken() const {
        return fail(ErrorKind::invalid_input,
                    fmt::format("not usable JSON: it breaks off or is mixed up at byte {}", at_));
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<Slice>> elements(std::string_view array) {
    return Cutter(array).cut('[', ']');
}
Result<std::vector<Slice>> members(std::string_view object) {
    return Cutter(object).cut('{', '}');
}

Result<Value> salvage(std::string_view text, const Limits& limits, int levels) {
    auto whole = parse(text, limits);
    if (whole || levels == 0) return whole;
    const auto slices = members(text);
    if (!slices) return whole;
    Object kept;
    // Backwards, because Value's lookup finds the first of two.
    for (auto slice = slices->rbegin(); slice != slices->rend(); ++slice)
        if (auto value = salvage(slice->text, limits, levels - 1))
            kept.emplace_back(slice->key, std::move(*value));
    return Value(std::move(kept));
}

}  // namespace rollcall::json
