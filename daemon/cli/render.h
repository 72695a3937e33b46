// Rendering for a terminal: colours, tables with aligned columns, paragraphs. The views of the commands are
// made of these, and so no text from outside reaches a terminal without printable(). Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::cli {

// What the place that is written to can show.
struct Look {
    bool colour = false;
    std::size_t width = 0;  // columns; 0: no wrapping (a file, a pipe)
};

enum class Tone { plain, strong, faint, good, bad, warning, change };

[[nodiscard]] std::string paint(const Look& look, Tone tone, std::string_view text);

struct Cell {
    std::string text;  // printable already
    Tone tone = Tone::plain;
    Cell(std::string_view from, Tone in = Tone::plain);
    Cell(const char* from, Tone in = Tone::plain) : Cell(std::string_view(from), in) {}
    Cell(const std::string& from, Tone in = Tone::plain) : Cell(std::string_view(from), in) {}
};

// Rows of cells, two blanks between columns (one after a column of signs), as wide as the widest cell (up to
// kWidest: a single long name does not push all others away). The last column is wrapped under itself; where
// too little of the line is left for it, it starts on a line of its own. Columns that are empty in every row
// are left out.
class Table {
  public:
    explicit Table(std::size_t indent = 0, bool wrapped = true) : indent_(indent), wrapped_(wrapped) {}
    void row(std::vector<Cell> cells);
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] std::string text(const Look& look) const;

    static constexpr std::size_t kWidest = 44;

  private:
    [[nodiscard]] std::vector<std::size_t> widths() const;
    [[nodiscard]] std::string row_text(const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                                       const Look& look) const;

    std::size_t indent_;
    bool wrapped_;
    std::vector<std::vector<Cell>> rows_;
};

// One wrapped text, every line indented. Ends with a line break.
[[nodiscard]] std::string paragraph(const Look& look, std::size_t indent, Tone tone, std::string_view text);
// "- text" likewise, the lines after the first under the text.
[[nodiscard]] std::string bullet(const Look& look, std::size_t indent, std::string_view sign, Tone tone,
                                 std::string_view text);

}  // namespace rollcall::cli
