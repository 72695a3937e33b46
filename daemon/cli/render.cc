#include "daemon/cli/render.h"

#include <algorithm>

#include "daemon/cli/text.h"

namespace rollcall::cli {
namespace {

// A sign (+, -, …) belongs to what follows it.
std::size_t gap_after(std::size_t width) {
    return width == 1 ? 1 : 2;
}

constexpr std::size_t kRibbon = 36;  // columns: in so few a text of more lines than the next is hard to read
constexpr std::size_t kMostInRibbon = 3;   // lines
constexpr std::size_t kLeastForText = 24;  // columns; below that a wrapped column is hard to read

std::string_view code(Tone tone) {
    switch (tone) {
        case Tone::plain:
            return "";
        case Tone::strong:
            return "\x1b[1m";
        case Tone::faint:
            return "\x1b[2m";
        case Tone::good:
            return "\x1b[32m";
        case Tone::bad:
            return "\x1b[1;31m";
        case Tone::warning:
            return "\x1b[1;33m";
        case Tone::change:
            return "\x1b[36m";
    }
    return "";
}

void trim_right(std::string& line) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
}

}  // namespace

std::string paint(const Look& look, Tone tone, std::string_view text) {
    if (!look.colour || tone == Tone::plain || text.empty()) return std::string(text);
    return std::string(code(tone)) + std::string(text) + "\x1b[0m";
}

Cell::Cell(std::string_view from, Tone in) : text(printable(from)), tone(in) {}

void Table::row(std::vector<Cell> cells) {
    rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths() const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], std::min(kWidest, display_width(row[i].text)));
    }
    return widths;
}

std::string Table::row_text(const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                            const Look& look) const {
    const bool broken = look.width > 0 && wrapped_;
    std::string out, line(indent_, ' ');
    std::size_t column = indent_;
    // Goes on in the next line where this one has no place for so many columns more.
    const std::size_t next_line = std::min(indent_ + 6, look.width / 2);
    const auto make_place = [&](std::size_t i, std::size_t wanted) {
        if (!broken || i == 0 || column + wanted <= look.width) return;
        trim_right(line);
        out += line + "\n";
        column = next_line;
        line.assign(column, ' ');
    };
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
        if (widths[i] == 0) continue;
        make_place(i, display_width(row[i].text));
        const std::size_t wide = std::max(widths[i], display_width(row[i].text));
        line += paint(look, row[i].tone, row[i].text);
        line.append(wide - display_width(row[i].text) + gap_after(widths[i]), ' ');
        column += wide + gap_after(widths[i]);
    }
    const Cell& last = row.back();
    make_place(row.size() - 1, std::min(kLeastForText, display_width(last.text)));
    // Nor into a ribbon of many lines where the next line has a place for it in few.
    if (broken && row.size() > 1 && column + kRibbon > look.width && column < look.width &&
        wrap(last.text, look.width - column).size() > kMostInRibbon &&
        wrap(last.text, look.width - next_line).size() < kMostInRibbon)
        make_place(row.size() - 1, look.width);
    const std::size_t room = broken && column < look.width ? look.width - column : 0;
    bool first = true;
    for (const std::string& part : wrap(last.text, room)) {
        if (!first) line.assign(column, ' ');
        line += paint(look, last.tone, part);
        trim_right(line);
        out += line + "\n";
        first = false;
    }
    return out;
}

std::string Table::text(const Look& look) const {
    const std::vector<std::size_t> wide = widths();
    std::string out;
    for (const auto& row : rows_)
        if (!row.empty()) out += row_text(row, wide, look);
    return out;
}

std::string paragraph(const Look& look, std::size_t indent, Tone tone, std::string_view text) {
    std::string out;
    for (const std::string& line : wrap(printable(text), look.width > indent ? look.width - indent : 0))
        out += std::string(indent, ' ') + paint(look, tone, line) + "\n";
    return out;
}

std::string bullet(const Look& look, std::size_t indent, std::string_view sign, Tone tone,
                   std::string_view text) {
    const std::size_t under = indent + display_width(sign) + 1;
    std::string out = std::string(indent, ' ') + paint(look, tone, sign) + " ";
    bool first = true;
    for (const std::string& line : wrap(printable(text), look.width > under ? look.width - under : 0)) {
        if (!first) out.append(under, ' ');
        out += line + "\n";
        first = false;
    }
    return out;
}

}  // namespace rollcall::cli
