// A reader of JSON, for rules.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind { JSON_OTHER, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

struct json_member;

// A value. Which of the members below mean something is told by the kind.
struct json {
    enum json_kind kind;
    // A number that is a whole one below 1000; otherwise -1.
    int32_t number;
    // A string in UTF-8.
    uint8_t *text;
    // Bytes of the string, or elements of the array, or members of the object.
    size_t length;
    struct json *elements;
    struct json_member *members;
};

struct json_member {
    struct json name;
    struct json value;
};

// Reads a whole text. False if it is no JSON.
bool json_read(const uint8_t *text, size_t length, struct json *value);

// A member of an object, the last of that name; NULL if there is none, or the value is no object.
const struct json *json_member(const struct json *object, const char *name);
