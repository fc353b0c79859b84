;; The two passes of Pillow's 8-bit resampling (Resample.c, ImagingResampleHorizontal_8bpc and …Vertical_8bpc), four
;; 32-bit lanes at a time. Sums start at 1 << 21, are shifted right by 22 and clamped to a byte.
;; Compiled into resize-kernel.ts by scripts/build-kernel.mjs.
;;
;; A table holds, for each output, `stride` bytes of int32: first input, number of weights, weights.
(module
  (memory (export "memory") 1)

  ;; rows of pixels (pixelBytes 3 or 4, the first three used) → rows of RGB. Reads and writes one byte past a pixel.
  (func (export "horizontal")
    (param $src i32) (param $srcStride i32) (param $pixelBytes i32) (param $rows i32)
    (param $table i32) (param $tableStride i32) (param $count i32)
    (param $dst i32) (param $dstStride i32)
    (local $entry i32) (local $left i32) (local $out i32) (local $p i32) (local $k i32) (local $end i32) (local $sum v128)
    (block $done
      (loop $row
        (br_if $done (i32.eqz (local.get $rows)))
        (local.set $entry (local.get $table))
        (local.set $out (local.get $dst))
        (local.set $left (local.get $count))
        (loop $pixel
          (local.set $sum (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
          (local.set $p (i32.add (local.get $src) (i32.mul (i32.load (local.get $entry)) (local.get $pixelBytes))))
          (local.set $k (i32.add (local.get $entry) (i32.const 8)))
          (local.set $end (i32.add (local.get $k) (i32.shl (i32.load offset=4 (local.get $entry)) (i32.const 2))))
          (loop $tap
            (local.set $sum (i32x4.add (local.get $sum) (i32x4.mul
              (v128.load32_splat (local.get $k))
              (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $p)))))))
            (local.set $p (i32.add (local.get $p) (local.get $pixelBytes)))
            (local.set $k (i32.add (local.get $k) (i32.const 4)))
            (br_if $tap (i32.lt_u (local.get $k) (local.get $end))))
          (local.set $sum (i32x4.shr_s (local.get $sum) (i32.const 22)))
          (local.set $sum (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))
          (v128.store32_lane 0 (local.get $out) (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
          (local.set $out (i32.add (local.get $out) (i32.const 3)))
          (local.set $entry (i32.add (local.get $entry) (local.get $tableStride)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if $pixel (local.get $left)))
        (local.set $src (i32.add (local.get $src) (local.get $srcStride)))
        (local.set $dst (i32.add (local.get $dst) (local.get $dstStride)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $row))))

  ;; rows of bytes → rows of bytes; both strides are `stride`, a multiple of 16.
  (func (export "vertical")
    (param $src i32) (param $stride i32) (param $table i32) (param $tableStride i32) (param $count i32) (param $dst i32)
    (local $x i32) (local $p i32) (local $k i32) (local $end i32) (local $w v128) (local $bytes v128) (local $half v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (block $done
      (loop $row
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $x (i32.const 0))
        (loop $column
          (local.set $a (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
          (local.set $b (local.get $a))
          (local.set $c (local.get $a))
          (local.set $d (local.get $a))
          (local.set $p (i32.add (i32.add (local.get $src) (local.get $x))
            (i32.mul (i32.load (local.get $table)) (local.get $stride))))
          (local.set $k (i32.add (local.get $table) (i32.const 8)))
          (local.set $end (i32.add (local.get $k) (i32.shl (i32.load offset=4 (local.get $table)) (i32.const 2))))
          (loop $tap
            (local.set $w (v128.load32_splat (local.get $k)))
            (local.set $bytes (v128.load (local.get $p)))
            (local.set $half (i16x8.extend_low_i8x16_u (local.get $bytes)))
            (local.set $a (i32x4.add (local.get $a) (i32x4.mul (local.get $w) (i32x4.extend_low_i16x8_u (local.get $half)))))
            (local.set $b (i32x4.add (local.get $b) (i32x4.mul (local.get $w) (i32x4.extend_high_i16x8_u (local.get $half)))))
            (local.set $half (i16x8.extend_high_i8x16_u (local.get $bytes)))
            (local.set $c (i32x4.add (local.get $c) (i32x4.mul (local.get $w) (i32x4.extend_low_i16x8_u (local.get $half)))))
            (local.set $d (i32x4.add (local.get $d) (i32x4.mul (local.get $w) (i32x4.extend_high_i16x8_u (local.get $half)))))
            (local.set $p (i32.add (local.get $p) (local.get $stride)))
            (local.set $k (i32.add (local.get $k) (i32.const 4)))
            (br_if $tap (i32.lt_u (local.get $k) (local.get $end))))
          (v128.store (i32.add (local.get $dst) (local.get $x)) (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s (i32x4.shr_s (local.get $a) (i32.const 22)) (i32x4.shr_s (local.get $b) (i32.const 22)))
            (i16x8.narrow_i32x4_s (i32x4.shr_s (local.get $c) (i32.const 22)) (i32x4.shr_s (local.get $d) (i32.const 22)))))
          (local.set $x (i32.add (local.get $x) (i32.const 16)))
          (br_if $column (i32.lt_u (local.get $x) (local.get $stride))))
        (local.set $table (i32.add (local.get $table) (local.get $tableStride)))
        (local.set $dst (i32.add (local.get $dst) (local.get $stride)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $row)))))
