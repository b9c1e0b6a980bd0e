// A policy for a call log, see ../README.md. What the functions are given and give back is described in
// wit/policy.wit; `policy.h` has it as structures. Nothing is given back to the allocator, see libc/libc.c, so that
// answers may point into what came in, and into the rules.

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "policy.h"

#define TYPE(name) cordon_policy_types_##name##_t
#define TAG(name) CORDON_POLICY_TYPES_##name
// Memory for as many elements as a list may get.
#define LIST(list, count) ((list).len = 0, (list).ptr = malloc((count) * sizeof *(list).ptr))
#define PUSH(list, ...) ((list).ptr[(list).len++] = (__VA_ARGS__))

// Set by configure, and never again.
static struct json rules;

static policy_string_t string(const char *text) { return (policy_string_t){(uint8_t *)text, strlen(text)}; }

static bool same(policy_string_t one, policy_string_t two) {
    return one.len == two.len && memcmp(one.ptr, two.ptr, one.len) == 0;
}

static bool holds_string(policy_list_string_t list, policy_string_t wanted) {
    for (size_t i = 0; i < list.len; i++) {
        if (same(list.ptr[i], wanted)) return true;
    }
    return false;
}

// The rules have been checked: what is asked for is there.
static const struct json *rule(const char *name) { return json_member(&rules, name); }

static policy_string_t text_in(const struct json *object, const char *name) {
    const struct json *text = json_member(object, name);
    return (policy_string_t){text->text, text->length};
}

static policy_string_t element(const struct json *array, size_t index) {
    return (policy_string_t){array->elements[index].text, array->elements[index].length};
}

static bool is_text(const struct json *value) {
    return value != NULL && value->kind == JSON_TEXT && value->length > 0;
}

static bool is_count(const struct json *value) {
    return value != NULL && value->kind == JSON_NUMBER && value->number >= 0;
}

static bool is_project(const struct json *value) {
    return is_text(json_member(value, "path")) && is_text(json_member(value, "object"));
}

static bool is_mask(const struct json *value) {
    return is_text(json_member(value, "path")) && is_count(json_member(value, "last"));
}

static bool is_fields(const struct json *value) {
    return is_text(json_member(value, "of")) && is_text(json_member(value, "at")) &&
           is_count(json_member(value, "last"));
}

static bool all(const struct json *value, bool (*is_right)(const struct json *)) {
    if (value == NULL || value->kind != JSON_ARRAY) return false;
    for (size_t i = 0; i < value->length; i++) {
        if (!is_right(&value->elements[i])) return false;
    }
    return true;
}

static bool are_texts(const struct json *value) { return all(value, is_text); }
static bool are_projects(const struct json *value) { return all(value, is_project); }
static bool are_masks(const struct json *value) { return all(value, is_mask); }

static const struct {
    const char *name, *pointer, *message;
    bool (*is_right)(const struct json *);
} EXPECTED[] = {
#define RULE(name, is_right) {name, "/" name, "`" name "` is missing or not as it must be.", is_right}
    RULE("name", is_text),           RULE("version", is_text),   RULE("path", is_text),
    RULE("section", is_text),        RULE("query", are_texts),   RULE("records", is_text),
    RULE("projects", are_projects),  RULE("keep", are_texts),    RULE("mask", are_masks),
    RULE("fields", is_fields),       RULE("outside", are_texts), RULE("total", is_text),
};

bool exports_policy_configure(policy_string_t *text, policy_manifest_t *manifest, policy_list_problem_t *problems) {
    LIST(*problems, sizeof EXPECTED / sizeof *EXPECTED);
    if (!json_read(text->ptr, text->len, &rules)) {
        PUSH(*problems, (policy_problem_t){.pointer = string(""), .message = string("The rules are no JSON.")});
        return false;
    }
    for (size_t i = 0; i < sizeof EXPECTED / sizeof *EXPECTED; i++) {
        if (EXPECTED[i].is_right(rule(EXPECTED[i].name))) continue;
        policy_problem_t problem = {.pointer = string(EXPECTED[i].pointer), .message = string(EXPECTED[i].message)};
        PUSH(*problems, problem);
    }
    if (problems->len > 0) return false;
    TYPE(route) route = {.name = string("calls"), .path = text_in(&rules, "path")};
    LIST(route.methods, 1);
    PUSH(route.methods, string("GET"));
    *manifest = (policy_manifest_t){.name = text_in(&rules, "name"), .version = text_in(&rules, "version")};
    LIST(manifest->routes, 1);
    PUSH(manifest->routes, route);
    return true;
}

static bool is_route(policy_string_t *route) { return same(*route, string("calls")); }

static bool sees_everything(policy_scope_t *scope) { return scope->rights & TAG(RIGHTS_SEE_EVERYTHING); }

static policy_list_string_t projects(policy_scope_t *scope) {
    return scope->chosen.is_some ? (policy_list_string_t){&scope->chosen.val, 1} : scope->projects;
}

static void refuse(uint16_t status, const char *code, const char *detail, policy_decision_t *decision) {
    decision->tag = TAG(DECISION_REFUSE);
    decision->val.refuse = (TYPE(refusal)){.status = status, .code = string(code), .detail = string(detail)};
}

void exports_policy_authorize(policy_scope_t *scope, policy_request_t *request, policy_decision_t *decision) {
    if (scope->sections.tag == TAG(SECTIONS_THESE) &&
        !holds_string(scope->sections.val.these, text_in(&rules, "section"))) {
        refuse(403, "section-closed", "Your role does not open this section.", decision);
        return;
    }
    const struct json *query = rule("query");
    policy_list_string_t allowed;
    LIST(allowed, query->length);
    for (size_t i = 0; i < query->length; i++) PUSH(allowed, element(query, i));
    for (size_t i = 0; i < request->query.len; i++) {
        if (holds_string(allowed, request->query.ptr[i])) continue;
        refuse(400, "parameter-not-allowed", "A query parameter is not allowed here.", decision);
        return;
    }
    *decision = (policy_decision_t){.tag = TAG(DECISION_FORWARD)};
}

static TYPE(mask) last(const struct json *mask) {
    uint32_t count = (uint32_t)json_member(mask, "last")->number;
    return (TYPE(mask)){.tag = TAG(MASK_KEEP_LAST), .val.keep_last = count};
}

static TYPE(edit) keep(policy_string_t path) {
    return (TYPE(edit)){.path = path, .action.tag = TAG(ACTION_KEEP)};
}

// What a caller sees of a call: the fields of one project, or, without one, all of them.
static TYPE(list_edit) profile(policy_scope_t *scope, cordon_policy_directory_list_field_t known,
                               policy_string_t *project) {
    const struct json *kept = rule("keep"), *masks = rule("mask"), *fields = rule("fields");
    bool sees_masked = scope->rights & TAG(RIGHTS_SEE_MASKED_FIELDS);
    TYPE(names) names;
    LIST(names.keep, known.len);
    LIST(names.mask, known.len);
    LIST(names.remove, known.len);
    for (size_t i = 0; i < known.len; i++) {
        cordon_policy_directory_field_t *field = &known.ptr[i];
        bool shown = project == NULL || field->system || holds_string(field->projects, *project);
        if (!shown) PUSH(names.remove, field->key);
        else if (field->hidden && !sees_masked) PUSH(names.mask, (TYPE(masked)){field->key, last(fields)});
        else PUSH(names.keep, field->key);
    }
    TYPE(list_edit) edits;
    LIST(edits, kept->length + masks->length + 1);
    for (size_t i = 0; i < kept->length; i++) PUSH(edits, keep(element(kept, i)));
    for (size_t i = 0; i < masks->length; i++) {
        const struct json *mask = &masks->elements[i];
        TYPE(action) action = {.tag = TAG(ACTION_MASK), .val.mask = last(mask)};
        PUSH(edits, (TYPE(edit)){text_in(mask, "path"), action});
    }
    TYPE(action) only = {.tag = TAG(ACTION_ONLY), .val.only = names};
    PUSH(edits, (TYPE(edit)){text_in(fields, "at"), only});
    return edits;
}

bool exports_policy_plan(policy_scope_t *scope, policy_string_t *route, policy_exchange_plan_t *plan,
                         policy_plan_error_t *error) {
    if (!is_route(route)) {
        error->tag = TAG(PLAN_ERROR_UNKNOWN_ROUTE);
        return false;
    }
    policy_string_t kind = text_in(rule("fields"), "of");
    cordon_policy_directory_list_field_t known;
    cordon_policy_directory_fields(&kind, &known);

    TYPE(record_set) calls = {.path = text_in(&rules, "records")};
    const struct json *places = rule("projects"), *kept = rule("outside");
    LIST(calls.keys, places->length);
    for (size_t i = 0; i < places->length; i++)
        PUSH(calls.keys, (TYPE(key)){.path = text_in(&places->elements[i], "path")});
    policy_list_string_t mine = projects(scope);
    LIST(calls.profiles, mine.len + 1);
    if (sees_everything(scope)) {
        PUSH(calls.profiles, profile(scope, known, NULL));
    } else {
        for (size_t i = 0; i < mine.len; i++) PUSH(calls.profiles, profile(scope, known, &mine.ptr[i]));
    }

    TYPE(body_plan) body = {.format = TAG(FORMAT_JSON)};
    LIST(body.outside, kept->length + 1);
    for (size_t i = 0; i < kept->length; i++) PUSH(body.outside, keep(element(kept, i)));
    TYPE(action) recount = {.tag = TAG(ACTION_RECOUNT), .val.recount = 0};
    PUSH(body.outside, (TYPE(edit)){text_in(&rules, "total"), recount});
    LIST(body.sets, 1);
    PUSH(body.sets, calls);
    *plan = (policy_exchange_plan_t){.request.tag = TAG(REQUEST_PLAN_EMPTY), .response.tag = TAG(RESPONSE_PLAN_EDIT)};
    plan->response.val.edit = body;
    return true;
}

static bool holds(TYPE(value) *value) {
    switch (value->tag) {
    case TAG(VALUE_ABSENT):
        return false;
    case TAG(VALUE_ONE):
        return value->val.one.tag != TAG(SCALAR_NULL) &&
               !(value->val.one.tag == TAG(SCALAR_TEXT) && value->val.one.val.text.len == 0);
    case TAG(VALUE_MANY):
        return value->val.many.len > 0;
    default:
        return true;
    }
}

// The first key that holds something decides. What leads nowhere is nobody's.
static policy_list_string_t projects_of_call(policy_list_value_t record) {
    policy_list_string_t none = {NULL, 0}, found;
    for (size_t i = 0; i < record.len; i++) {
        TYPE(value) *value = &record.ptr[i];
        if (!holds(value)) continue;
        if (value->tag != TAG(VALUE_ONE)) return none;
        TYPE(scalar) *scalar = &value->val.one;
        if (scalar->tag != TAG(SCALAR_TEXT) && scalar->tag != TAG(SCALAR_NUMBER)) return none;
        policy_string_t object = text_in(&rule("projects")->elements[i], "object");
        policy_string_t id = scalar->tag == TAG(SCALAR_TEXT) ? scalar->val.text : scalar->val.number;
        if (!cordon_policy_directory_projects_of(&object, &id, &found)) return none;
        return found.len > 1 && cordon_policy_directory_single_project(&object) ? none : found;
    }
    return none;
}

static policy_verdict_t verdict(policy_scope_t *scope, policy_list_value_t record) {
    policy_verdict_t all = {.tag = TAG(VERDICT_KEEP), .val.keep = 0}, drop = {.tag = TAG(VERDICT_DROP)};
    if (sees_everything(scope) && !scope->chosen.is_some) return all;
    policy_list_string_t mine = projects(scope), found = projects_of_call(record);
    policy_list_u32_t shared;
    LIST(shared, found.len);
    for (size_t i = 0; i < found.len; i++) {
        for (size_t place = 0; place < mine.len; place++) {
            if (same(found.ptr[i], mine.ptr[place])) {
                PUSH(shared, (uint32_t)place);
                break;
            }
        }
    }
    if (shared.len == 0) return drop;
    if (sees_everything(scope)) return all;
    if (shared.len == 1) return (policy_verdict_t){.tag = TAG(VERDICT_KEEP), .val.keep = shared.ptr[0]};
    return (policy_verdict_t){.tag = TAG(VERDICT_KEEP_MERGED), .val.keep_merged = shared};
}

bool exports_policy_judge(policy_scope_t *scope, policy_string_t *route, uint32_t set, policy_list_list_value_t *records,
                          policy_list_verdict_t *verdicts, policy_judge_error_t *error) {
    if (!is_route(route)) {
        error->tag = TAG(JUDGE_ERROR_UNKNOWN_ROUTE);
        return false;
    }
    if (set != 0) {
        error->tag = TAG(JUDGE_ERROR_UNKNOWN_SET);
        return false;
    }
    LIST(*verdicts, records->len);
    for (size_t i = 0; i < records->len; i++) {
        if (records->ptr[i].len != rule("projects")->length) {
            error->tag = TAG(JUDGE_ERROR_WRONG_KEYS);
            return false;
        }
        PUSH(*verdicts, verdict(scope, records->ptr[i]));
    }
    return true;
}

bool exports_policy_mask(policy_scope_t *scope, policy_string_t *route, uint32_t mask, policy_list_value_t *values,
                         policy_list_scalar_t *masked, policy_mask_error_t *error) {
    (void)scope, (void)route, (void)mask, (void)values, (void)masked;
    error->tag = TAG(MASK_ERROR_UNKNOWN_MASK);
    return false;
}
