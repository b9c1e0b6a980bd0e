;; A policy in the canonical ABI: one route, and an `authorize` that refuses with what `$ask` found out.
(module
    ;; IMPORTS
    (memory (export "memory") 1)
    (global $heap (mut i32) (i32.const 4096))
    (global $rules (mut i32) (i32.const 0))
    (global $rounds (mut i32) (i32.const 0))
    (data (i32.const 16) "curious")
    (data (i32.const 32) "calls")
    (data (i32.const 48) "GET")
    (data (i32.const 64) "/calls")

    (func $ask (result i64)
        ;; ASK
    )

    ;; Memory for what comes in, which is never given back.
    (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
        (global.set $heap (i32.add (local.get $at) (local.get $size)))
        (loop $more
            (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
                (then (drop (memory.grow (i32.const 1))) (br $more))))
        (local.get $at))

    ;; A pointer and a length.
    (func $list (param $at i32) (param $pointer i32) (param $length i32)
        (i32.store (local.get $at) (local.get $pointer))
        (i32.store offset=4 (local.get $at) (local.get $length)))

    (func (export "configure") (param $text i32) (param $length i32) (result i32)
        (global.set $rules (i32.add (global.get $rules) (local.get $length)))
        ;; The route: name, methods, path, what it decides on.
        (call $list (i32.const 1100) (i32.const 32) (i32.const 5))
        (call $list (i32.const 1108) (i32.const 1140) (i32.const 1))
        (call $list (i32.const 1116) (i32.const 64) (i32.const 6))
        (call $list (i32.const 1124) (i32.const 0) (i32.const 0))
        (call $list (i32.const 1140) (i32.const 48) (i32.const 3))
        ;; No error, and the manifest: name, version, routes.
        (i32.store (i32.const 1024) (i32.const 0))
        (call $list (i32.const 1028) (i32.const 16) (i32.const 7))
        (call $list (i32.const 1036) (i32.const 16) (i32.const 1))
        (call $list (i32.const 1044) (i32.const 1100) (i32.const 1))
        (i32.const 1024))

    (func (export "authorize") (param i32) (result i32)
        (local $number i64)
        (local $letter i32)
        (local.set $number (call $ask))
        (loop $next
            (i32.store8 offset=600 (local.get $letter)
                (i32.add (i32.const 97) (i32.and (i32.wrap_i64 (local.get $number)) (i32.const 15))))
            (local.set $number (i64.shr_u (local.get $number) (i64.const 4)))
            (local.set $letter (i32.add (local.get $letter) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $letter) (i32.const 16))))
        ;; The third case of a decision, and the refusal: status, code, detail.
        (i32.store (i32.const 512) (i32.const 2))
        (i32.store (i32.const 516) (i32.const 403))
        (call $list (i32.const 520) (i32.const 16) (i32.const 7))
        (call $list (i32.const 528) (i32.const 600) (i32.const 16))
        (i32.const 512))

    (func (export "plan") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
    (func (export "judge") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
    (func (export "mask") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable))
