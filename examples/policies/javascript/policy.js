// A policy for a call log, see ../README.md. What the functions are given and give back is described in
// wit/policy.wit: records are objects with camelCase names, variants are { tag, val }, flags are objects of booleans,
// and an error is thrown.

import { fields, projectsOf, singleProject } from 'cordon:policy/directory@0.2.0';

const ROUTE = 'calls';

// Set by configure, and never again.
let rules;

export function configure(text) {
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    throw [{ pointer: '', message: 'The rules are no JSON.' }];
  }
  const problems = mistakes(document);
  if (problems.length > 0) throw problems;
  rules = document;
  const route = { name: ROUTE, methods: ['GET'], path: rules.path, decidesOn: [] };
  return { name: rules.name, version: rules.version, routes: [route] };
}

export function authorize(scope, request) {
  if (!opens(scope.sections, rules.section)) {
    return refuse(403, 'section-closed', 'Your role does not open this section.');
  }
  if (request.query.some((name) => !rules.query.includes(name))) {
    return refuse(400, 'parameter-not-allowed', 'A query parameter is not allowed here.');
  }
  return { tag: 'forward', val: { set: [], remove: [] } };
}

export function plan(scope, route) {
  if (route !== ROUTE) throw { tag: 'unknown-route' };
  const known = fields(rules.fields.of);
  const calls = {
    path: rules.records,
    keys: rules.projects.map(({ path }) => ({ path, up: 0 })),
    profiles: seesEverything(scope)
      ? [profile(scope, known, () => true)]
      : projects(scope).map((project) => profile(scope, known, (field) => isOf(field, project))),
    sole: false,
  };
  const outside = rules.outside.map((path) => ({ path, action: { tag: 'keep' } }));
  outside.push({ path: rules.total, action: { tag: 'recount', val: 0 } });
  const body = { format: 'json', embedded: [], outside, sets: [calls] };
  return { request: { tag: 'empty' }, response: { tag: 'edit', val: body }, headers: [] };
}

export function judge(scope, route, set, records) {
  if (route !== ROUTE) throw { tag: 'unknown-route' };
  if (set !== 0) throw { tag: 'unknown-set' };
  if (records.some((record) => record.length !== rules.projects.length)) throw { tag: 'wrong-keys' };
  return records.map((record) => verdict(scope, record));
}

export function mask() {
  throw { tag: 'unknown-mask' };
}

// What a caller sees of a call: a field is shown if `shows` says so.
function profile(scope, known, shows) {
  const names = { keep: [], mask: [], remove: [] };
  for (const field of known) {
    if (!shows(field)) names.remove.push(field.key);
    else if (field.hidden && !scope.rights.seeMaskedFields) names.mask.push({ name: field.key, mask: last(rules.fields) });
    else names.keep.push(field.key);
  }
  return [
    ...rules.keep.map((path) => ({ path, action: { tag: 'keep' } })),
    ...rules.mask.map((mask) => ({ path: mask.path, action: { tag: 'mask', val: last(mask) } })),
    { path: rules.fields.at, action: { tag: 'only', val: names } },
  ];
}

function verdict(scope, record) {
  if (seesEverything(scope) && scope.chosen === undefined) return { tag: 'keep', val: 0 };
  const mine = projects(scope);
  const shared = projectsOfCall(record).map((project) => mine.indexOf(project)).filter((index) => index >= 0);
  if (shared.length === 0) return { tag: 'drop' };
  if (seesEverything(scope)) return { tag: 'keep', val: 0 };
  return shared.length === 1 ? { tag: 'keep', val: shared[0] } : { tag: 'keep-merged', val: shared };
}

// The first key that holds something decides. What leads nowhere is nobody's.
function projectsOfCall(record) {
  const index = record.findIndex(holds);
  if (index < 0) return [];
  const { tag, val } = record[index];
  if (tag !== 'one' || (val.tag !== 'text' && val.tag !== 'number')) return [];
  const { object } = rules.projects[index];
  const found = projectsOf(object, val.val) ?? [];
  return found.length > 1 && singleProject(object) ? [] : found;
}

function holds({ tag, val }) {
  if (tag === 'one') return val.tag !== 'null' && !(val.tag === 'text' && val.val === '');
  return tag === 'composite' || (tag === 'many' && val.length > 0);
}

const projects = (scope) => (scope.chosen === undefined ? scope.projects : [scope.chosen]);
const seesEverything = (scope) => scope.rights.seeEverything === true;
const isOf = (field, project) => field.system || field.projects.includes(project);
const opens = (sections, name) => sections.tag === 'all' || sections.val.includes(name);
const last = (mask) => ({ tag: 'keep-last', val: mask.last });
const refuse = (status, code, detail) => ({ tag: 'refuse', val: { status, code, detail } });

// Everything that is wrong with the rules.
function mistakes(document) {
  const text = (value) => typeof value === 'string' && value !== '';
  const texts = (value) => Array.isArray(value) && value.every(text);
  const count = (value) => Number.isInteger(value) && value >= 0 && value < 1000;
  const projectKey = (value) => text(value?.path) && text(value?.object);
  const masked = (value) => text(value?.path) && count(value?.last);
  const expected = {
    name: text,
    version: text,
    path: text,
    section: text,
    query: texts,
    records: text,
    projects: (value) => Array.isArray(value) && value.every(projectKey),
    keep: texts,
    mask: (value) => Array.isArray(value) && value.every(masked),
    fields: (value) => text(value?.of) && text(value?.at) && count(value?.last),
    outside: texts,
    total: text,
  };
  return Object.entries(expected)
    .filter(([name, isRight]) => !isRight(document?.[name]))
    .map(([name]) => ({ pointer: `/${name}`, message: `\`${name}\` is missing or not as it must be.` }));
}
