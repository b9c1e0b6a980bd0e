#include "json.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH 64

struct reader {
    const uint8_t *at, *end;
};

static bool value(struct reader *reader, unsigned depth, struct json *out);

static void space(struct reader *reader) {
    while (reader->at < reader->end &&
           (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r'))
        reader->at++;
}

static bool next(struct reader *reader, uint8_t byte) {
    if (reader->at == reader->end || *reader->at != byte) return false;
    reader->at++;
    return true;
}

static bool word(struct reader *reader, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0) return false;
    reader->at += length;
    return true;
}

static bool hexadecimal(struct reader *reader, uint32_t *unit) {
    *unit = 0;
    for (int digits = 0; digits < 4; digits++) {
        if (reader->at == reader->end) return false;
        uint8_t byte = *reader->at++, low = byte | 0x20;
        if (byte >= '0' && byte <= '9') *unit = *unit << 4 | (byte - '0');
        else if (low >= 'a' && low <= 'f') *unit = *unit << 4 | (low - 'a' + 10);
        else return false;
    }
    return true;
}

static bool escape(struct reader *reader, struct json *out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (reader->at == reader->end) return false;
    uint8_t byte = *reader->at++;
    for (size_t i = 0; i < sizeof from - 1; i++) {
        if (byte == (uint8_t)from[i]) {
            out->text[out->length++] = (uint8_t)to[i];
            return true;
        }
    }
    uint32_t code, low;
    if (byte != 'u' || !hexadecimal(reader, &code)) return false;
    if (code >= 0xd800 && code < 0xdc00) {
        if (!word(reader, "\\u") || !hexadecimal(reader, &low) || low < 0xdc00 || low >= 0xe000) return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
        return false;
    }
    uint8_t *text = out->text + out->length;
    if (code < 0x80) {
        *text++ = (uint8_t)code;
    } else if (code < 0x800) {
        *text++ = (uint8_t)(0xc0 | code >> 6);
        *text++ = (uint8_t)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *text++ = (uint8_t)(0xe0 | code >> 12);
        *text++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        *text++ = (uint8_t)(0x80 | (code & 0x3f));
    } else {
        *text++ = (uint8_t)(0xf0 | code >> 18);
        *text++ = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        *text++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        *text++ = (uint8_t)(0x80 | (code & 0x3f));
    }
    out->length = (size_t)(text - out->text);
    return true;
}

// The opening quote has been read.
static bool string(struct reader *reader, struct json *out) {
    const uint8_t *close = reader->at;
    while (close < reader->end && *close != '"') close += *close == '\\' ? 2 : 1;
    if (close >= reader->end) return false;
    // An escape is never shorter than what it stands for.
    *out = (struct json){.kind = JSON_TEXT, .text = malloc((size_t)(close - reader->at) + 1)};
    while (reader->at < close) {
        uint8_t byte = *reader->at++;
        if (byte < 0x20) return false;
        if (byte != '\\') out->text[out->length++] = byte;
        else if (!escape(reader, out)) return false;
    }
    return reader->at == close && next(reader, '"');
}

static bool digits(struct reader *reader) {
    const uint8_t *begin = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') reader->at++;
    return reader->at > begin;
}

static bool number(struct reader *reader, struct json *out) {
    const uint8_t *begin = reader->at;
    bool whole = !next(reader, '-');
    const uint8_t *integer = reader->at;
    if (!digits(reader) || (*integer == '0' && reader->at - integer > 1)) return false;
    *out = (struct json){.kind = JSON_NUMBER, .number = -1};
    whole = whole && reader->at - begin <= 3;
    if (whole) {
        out->number = 0;
        for (const uint8_t *digit = integer; digit < reader->at; digit++)
            out->number = out->number * 10 + (*digit - '0');
    }
    if (next(reader, '.')) {
        out->number = -1;
        if (!digits(reader)) return false;
    }
    if (next(reader, 'e') || next(reader, 'E')) {
        out->number = -1;
        if (!next(reader, '+')) next(reader, '-');
        if (!digits(reader)) return false;
    }
    return true;
}

// Elements or members, up to the closing bracket; the opening one has been read.
static bool items(struct reader *reader, unsigned depth, struct json *out) {
    bool object = out->kind == JSON_OBJECT;
    uint8_t close = object ? '}' : ']';
    size_t room = 0;
    space(reader);
    if (next(reader, close)) return true;
    do {
        if (out->length == room) {
            room = room == 0 ? 8 : room * 2;
            if (object) out->members = realloc(out->members, room * sizeof *out->members);
            else out->elements = realloc(out->elements, room * sizeof *out->elements);
        }
        struct json *item;
        if (object) {
            struct json_member *member = &out->members[out->length];
            space(reader);
            if (!next(reader, '"') || !string(reader, &member->name)) return false;
            space(reader);
            if (!next(reader, ':')) return false;
            item = &member->value;
        } else {
            item = &out->elements[out->length];
        }
        if (!value(reader, depth + 1, item)) return false;
        out->length++;
        space(reader);
    } while (next(reader, ','));
    return next(reader, close);
}

static bool value(struct reader *reader, unsigned depth, struct json *out) {
    if (depth > DEPTH) return false;
    space(reader);
    *out = (struct json){.kind = JSON_OTHER};
    if (word(reader, "null") || word(reader, "true") || word(reader, "false")) return true;
    if (next(reader, '"')) return string(reader, out);
    if (next(reader, '[')) {
        out->kind = JSON_ARRAY;
        return items(reader, depth, out);
    }
    if (next(reader, '{')) {
        out->kind = JSON_OBJECT;
        return items(reader, depth, out);
    }
    return number(reader, out);
}

bool json_read(const uint8_t *text, size_t length, struct json *out) {
    struct reader reader = {text, text + length};
    if (!value(&reader, 0, out)) return false;
    space(&reader);
    return reader.at == reader.end;
}

const struct json *json_member(const struct json *object, const char *name) {
    if (object == NULL || object->kind != JSON_OBJECT) return NULL;
    for (size_t i = object->length; i-- > 0;) {
        const struct json *found = &object->members[i].name;
        if (found->length == strlen(name) && memcmp(found->text, name, found->length) == 0)
            return &object->members[i].value;
    }
    return NULL;
}
