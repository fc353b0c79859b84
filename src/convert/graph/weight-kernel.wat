;; What is done to every weight, four 32-bit lanes at a time.
;; Compiled into weight-kernel.ts by scripts/build-kernel.mjs.
(module
  (memory (export "memory") 1)

  ;; $rows × $columns floats at $from → their columns at $to, whose starts are $pitch bytes apart. Rows and columns are whole
  ;; fours. Sixty-four rows at a time fill four neighbouring cache lines of what is written: with one, each would be a page of
  ;; its own to look up.
  (func (export "turn")
    (param $from i32) (param $rows i32) (param $columns i32) (param $to i32) (param $pitch i32)
    (local $stride i32) (local $row i32) (local $rowEnd i32) (local $column i32) (local $r i32) (local $p i32) (local $q i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $abLow v128) (local $abHigh v128) (local $cdLow v128) (local $cdHigh v128)
    (local.set $stride (i32.shl (local.get $columns) (i32.const 2)))
    (loop $band
      (local.set $rowEnd (i32.add (local.get $row) (i32.const 64)))
      (if (i32.gt_u (local.get $rowEnd) (local.get $rows)) (then (local.set $rowEnd (local.get $rows))))
      (local.set $column (i32.const 0))
      (loop $fourColumns
        (local.set $r (local.get $row))
        (local.set $p (i32.add (local.get $from)
          (i32.add (i32.mul (local.get $row) (local.get $stride)) (i32.shl (local.get $column) (i32.const 2)))))
        (local.set $q (i32.add (local.get $to)
          (i32.add (i32.mul (local.get $column) (local.get $pitch)) (i32.shl (local.get $row) (i32.const 2)))))
        (loop $fourRows
          (local.set $a (v128.load (local.get $p)))
          (local.set $b (v128.load (local.tee $p (i32.add (local.get $p) (local.get $stride)))))
          (local.set $c (v128.load (local.tee $p (i32.add (local.get $p) (local.get $stride)))))
          (local.set $d (v128.load (local.tee $p (i32.add (local.get $p) (local.get $stride)))))
          (local.set $p (i32.add (local.get $p) (local.get $stride)))
          ;; a0 b0 a1 b1, a2 b2 a3 b3, and so for c and d.
          (local.set $abLow (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b)))
          (local.set $abHigh (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b)))
          (local.set $cdLow (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c) (local.get $d)))
          (local.set $cdHigh (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d)))
          (v128.store (local.get $q)
            (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $abLow) (local.get $cdLow)))
          (v128.store (i32.add (local.get $q) (local.get $pitch))
            (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $abLow) (local.get $cdLow)))
          (v128.store (i32.add (local.get $q) (i32.shl (local.get $pitch) (i32.const 1)))
            (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $abHigh) (local.get $cdHigh)))
          (v128.store (i32.add (local.get $q) (i32.mul (local.get $pitch) (i32.const 3)))
            (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $abHigh) (local.get $cdHigh)))
          (local.set $q (i32.add (local.get $q) (i32.const 16)))
          (br_if $fourRows (i32.lt_u (local.tee $r (i32.add (local.get $r) (i32.const 4))) (local.get $rowEnd))))
        (br_if $fourColumns (i32.lt_u (local.tee $column (i32.add (local.get $column) (i32.const 4))) (local.get $columns))))
      (br_if $band (i32.lt_u (local.tee $row (local.get $rowEnd)) (local.get $rows)))))

  ;; Whether none of the floats from $from to $end, whole fours, is NaN or infinite: their exponent bits alone are all ones.
  (func (export "finite") (param $from i32) (param $end i32) (result i32)
    (local $exponent v128) (local $found v128)
    (local.set $exponent (v128.const i32x4 0x7f800000 0x7f800000 0x7f800000 0x7f800000))
    (loop $next
      (local.set $found (v128.or (local.get $found)
        (i32x4.eq (v128.and (v128.load (local.get $from)) (local.get $exponent)) (local.get $exponent))))
      (br_if $next (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 16))) (local.get $end))))
    (i32.eqz (v128.any_true (local.get $found))))
)
