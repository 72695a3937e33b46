#include "policy/matrix_id.h"

#include <algorithm>

#include "policy/base/text.h"

namespace rollcall::policy {

bool valid_matrix_id(std::string_view id) {
    const std::size_t colon = id.find(':');
    if (id.size() > 255 || id.size() < 4 || id[0] != '@' || colon == std::string_view::npos || colon < 2 ||
        colon + 1 == id.size())
        return false;
    return std::all_of(id.begin() + 1, id.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("._=-/+").find(c) != std::string_view::npos;
    });
}

std::string template_id(const World& world, PersonId id, const std::vector<TemplatePart>& parts) {
    const Person& person = world.people[id.index()];
    std::string out;
    for (const TemplatePart& part : parts) {
        if (part.attribute.empty()) {
            out += part.literal;
            continue;
        }
        std::string value;
        if (part.attribute == "samaccountname") {
            value = person.login.text();
        } else {
            const AttributeId attribute = world.attribute_names.find(part.attribute);
            for (const AttributeValue& held : world.person_attributes.row(id.index()))
                if (attribute.valid() && held.attribute == attribute && value.empty() &&
                    world.attribute_values.text(held.value) != kUnreadable)
                    value = world.attribute_values.text(held.value);
        }
        if (value.empty()) return {};
        if (part.filter == TemplatePart::Filter::lower) value = fold(value);
        if (part.filter == TemplatePart::Filter::slug) value = slug(value);
        out += value;
    }
    return out;
}

}  // namespace rollcall::policy
