// A JSON Schema of schema/ asked about a YAML tree, as an editor would. Beside schema/json.cc, json_schema.cc
// is the only file that includes RapidJSON: the program itself needs no validator, since its readers say
// more.
#pragma once

#include <memory>
#include <string>

#include "schema/yaml_document.h"

namespace rollcall::schema {

class JsonSchema {
  public:
    explicit JsonSchema(const std::string& file);  // its name in schema/
    ~JsonSchema();
    JsonSchema(const JsonSchema&) = delete;
    JsonSchema& operator=(const JsonSchema&) = delete;
    // The pointer to the first value that breaks the schema, with the rule that it breaks; "" for none.
    [[nodiscard]] std::string fault(const Node& root) const;

  private:
    struct Compiled;
    std::unique_ptr<Compiled> compiled_;
};

}  // namespace rollcall::schema
