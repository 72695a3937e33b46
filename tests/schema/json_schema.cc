#include "tests/schema/json_schema.h"

#include <rapidjson/document.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace rollcall::schema {
namespace {

using Allocator = rapidjson::Document::AllocatorType;

// What an editor takes a scalar for: the core schema of YAML 1.2, as far as these files have it.
rapidjson::Value scalar(const Node& node, Allocator& memory) {
    if (node.missing()) return {};
    if (!node.quoted && (node.text == "true" || node.text == "false"))
        return rapidjson::Value(node.text == "true");
    int number = 0;
    const char* const end = node.text.data() + node.text.size();
    const auto [stop, error] = std::from_chars(node.text.data(), end, number);
    if (!node.quoted && error == std::errc{} && stop == end) return rapidjson::Value(number);
    return {node.text.c_str(), static_cast<rapidjson::SizeType>(node.text.size()), memory};
}

rapidjson::Value as_json(const Node& node, Allocator& memory) {
    if (node.kind == Node::Kind::scalar) return scalar(node, memory);
    if (node.kind == Node::Kind::list) {
        rapidjson::Value list(rapidjson::kArrayType);
        for (const Node& item : node.items) list.PushBack(as_json(item, memory), memory);
        return list;
    }
    rapidjson::Value mapping(rapidjson::kObjectType);
    for (const Entry& entry : node.entries)
        mapping.AddMember(rapidjson::Value(entry.key.c_str(), memory), as_json(entry.value, memory), memory);
    return mapping;
}

std::string pointer_text(const rapidjson::Pointer& pointer) {
    rapidjson::StringBuffer out;
    pointer.Stringify(out);
    return {out.GetString(), out.GetSize()};
}

rapidjson::Document load(const std::string& file) {
    std::ifstream in(SCHEMA_FOLDER "/" + file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    rapidjson::Document document;
    document.Parse(text.c_str(), text.size());
    if (document.HasParseError() || !document.IsObject())
        throw std::runtime_error(file + " is not a JSON object");
    return document;
}

}  // namespace

struct JsonSchema::Compiled {
    explicit Compiled(const std::string& file) : text(load(file)), schema(text) {}
    rapidjson::Document text;
    rapidjson::SchemaDocument schema;
};

JsonSchema::JsonSchema(const std::string& file) : compiled_(std::make_unique<Compiled>(file)) {}
JsonSchema::~JsonSchema() = default;

std::string JsonSchema::fault(const Node& root) const {
    rapidjson::Document document;
    const rapidjson::Value value = as_json(root, document.GetAllocator());
    rapidjson::SchemaValidator validator(compiled_->schema);
    if (value.Accept(validator)) return {};
    return pointer_text(validator.GetInvalidDocumentPointer()) + " breaks " +
           validator.GetInvalidSchemaKeyword() + " of " + pointer_text(validator.GetInvalidSchemaPointer());
}

}  // namespace rollcall::schema
