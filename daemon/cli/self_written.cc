#include "daemon/cli/self_written.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "policy/base/text.h"

namespace rollcall::cli {
namespace {

// The class `user` lets SELF write three property sets (its defaultSecurityDescriptor, MS-ADSC): Personal
// Information, Web Information, and Phone and Mail Options, which has no attribute. Which attributes are in
// them says their attributeSecurityGUID (MS-ADA1 to MS-ADA3); those with text in them, as in the schema of
// Windows Server 2012 R2 and later:
constexpr auto kSelfWritten = std::to_array<std::string_view>({
    "assistant",
    "c",
    "facsimiletelephonenumber",
    "homephone",
    "homepostaladdress",
    "info",
    "internationalisdnnumber",
    "ipphone",
    "l",
    "mobile",
    "otherfacsimiletelephonenumber",
    "otherhomephone",
    "otheripphone",
    "othermobile",
    "otherpager",
    "othertelephone",
    "pager",
    "personaltitle",
    "physicaldeliveryofficename",
    "postaladdress",
    "postalcode",
    "postofficebox",
    "primaryinternationalisdnnumber",
    "primarytelexnumber",
    "registeredaddress",
    "st",
    "street",
    "streetaddress",
    "telephonenumber",
    "teletexterminalidentifier",
    "telexnumber",
    "url",
    "usersharedfolder",
    "usersharedfolderother",
    "wwwhomepage",
    "x121address",
});
static_assert(std::is_sorted(kSelfWritten.begin(), kSelfWritten.end()));

class Finder {
  public:
    Diagnostics run(const policy::PolicyFile& file) {
        if (file.people) {
            matrix_id(file.people->matrix_id);
            if (file.people->employees) expression(*file.people->employees);
        }
        for (const policy::RoomText& room : file.rooms) {
            if (room.members) expression(*room.members);
            if (room.owners) expression(*room.owners);
        }
        return std::move(out_);
    }

  private:
    void warn(const Position& at, const std::string& message, const char* instead) {
        out_.push_back({at, message, instead, Severity::warning});
    }

    void matrix_id(const policy::Text& text) {
        for (std::size_t open = text.value.find('{'); open != std::string::npos;
             open = text.value.find('{', open + 1)) {
            const std::string name =
                text.value.substr(open + 1, text.value.find_first_of("|}", open) - open - 1);
            if (self_written(name))
                warn(text.at,
                     fmt::format(
                         "people can write {} of their own account, and so take somebody else's Matrix ID",
                         name),
                     "use sAMAccountName or mail, or take the right from SELF in the directory");
        }
    }

    void expression(const policy::Expression& text) {
        for (const policy::Condition& condition : text.conditions) {
            if (condition.kind == policy::Condition::Kind::attribute && self_written(condition.name))
                warn(condition.at,
                     fmt::format(
                         "people can write {} of their own account, and so choose what follows from it",
                         condition.name),
                     "use a group or an attribute such as department, or take the right from SELF in the "
                     "directory");
            for (const policy::Expression& inner : condition.list) expression(inner);
        }
        if (text.except) expression(*text.except);
    }

    Diagnostics out_;
};

}  // namespace

bool self_written(std::string_view attribute) {
    const std::string name = fold(attribute);
    return std::binary_search(kSelfWritten.begin(), kSelfWritten.end(), name) ||
           name.starts_with("msds-cloudextensionattribute");
}

Diagnostics self_written(const policy::PolicyFile& file) {
    return Finder().run(file);
}

}  // namespace rollcall::cli
