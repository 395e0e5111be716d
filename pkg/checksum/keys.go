// SPDX-License-Identifier: MIT

package checksum

import (
	"slices"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

// Without lockdep a struct lock_class_key has no size: the static that a macro makes for
// each place that initializes a lock stands where the next variable does. That a lock's key
// is meant, and not the variable, tells the function that gets the address (rule 3.8a).

// lockKeys are functions that a struct lock_class_key is passed to, and which of their
// parameters, from 1, is one. They were read from the prototypes of Linux 6.1 to 7.3 in
// include/linux (wait.h, swait.h, mutex.h, spinlock.h, spinlock_rt.h, rwlock.h, rwlock_rt.h,
// rtmutex.h, rwsem.h, percpu-rwsem.h, tty_ldisc.h, srcu.h, lockdep.h, timer.h, kthread.h,
// workqueue.h, call_once.h, percpu_counter.h, rhashtable-types.h, ring_buffer.h, regmap.h,
// gpio/driver.h, irqdesc.h, blkdev.h, blk-mq.h, host1x.h), include/media (v4l2-subdev.h,
// v4l2-ctrls.h) and net/batman-adv/hash.h. One that had the key elsewhere in one of these
// isn't here.
var lockKeys = map[string][]int{
	"__init_waitqueue_head": {3}, "__init_swait_queue_head": {3},
	"__mutex_init": {3}, "__mutex_rt_init": {3}, "mutex_init_lockdep": {3}, "mutex_rt_init_lockdep": {3},
	"__raw_spin_lock_init": {3}, "__rwlock_init": {3}, "__rt_spin_lock_init": {3}, "__rt_rwlock_init": {3},
	"__rt_mutex_init": {3}, "__init_rwsem": {3}, "__percpu_init_rwsem": {3}, "__init_ldsem": {3},
	"__init_srcu_struct": {3}, "__init_srcu_struct_fast": {3}, "__init_srcu_struct_fast_updown": {3},
	"lockdep_init_map_type": {3}, "lock_set_class": {3}, "lockdep_register_key": {1}, "lockdep_unregister_key": {1},
	"init_timer_key": {5}, "init_timer_on_stack_key": {5}, "timer_init_key": {5}, "timer_init_key_on_stack": {5},
	"__kthread_init_worker": {3}, "work_on_cpu_key": {4}, "__once_init": {3}, "__percpu_counter_init_many": {5},
	"__rhashtable_init_noprof": {3}, "__rhltable_init_noprof": {3}, "__ring_buffer_alloc": {3},
	"__regmap_init": {5}, "__devm_regmap_init": {5}, "__regmap_init_mmio_clk": {5}, "__devm_regmap_init_mmio_clk": {5},
	"__regmap_init_i2c": {3}, "__devm_regmap_init_i2c": {3}, "__regmap_init_spi": {3}, "__devm_regmap_init_spi": {3},
	"gpiochip_add_data_with_key": {3, 4}, "devm_gpiochip_add_data_with_key": {4, 5}, "__irq_set_lockdep_class": {2, 3},
	"__alloc_disk_node": {3}, "blk_mq_hctx_set_fq_lock_class": {2}, "__host1x_client_init": {2},
	"__v4l2_subdev_init_finalize": {3}, "__v4l2_subdev_state_alloc": {3}, "v4l2_ctrl_handler_init_class": {3},
	"batadv_hash_set_lock_class": {2},
}

// keyReach is how many instructions behind the one that takes an address the call is looked
// for that gets it.
const keyReach = 64

// passesKey tells whether the instruction here takes an address for a parameter of the next
// call that is a lock's key.
func (w *walker) passesKey(here place) bool {
	m, part, l := w.p.machine, &w.parts[here.part], &w.laid[here.part]
	if m.lines == nil || l.opaque || len(l.insts) == 0 {
		return false
	}
	code := w.p.file.Data(part.section)[part.start:part.end]
	held := uint32(0) // the registers that hold the address, or its page
	first := l.index(here.offset)
	for n := first; n < min(first+keyReach, len(l.insts)); n++ {
		in := &l.insts[n]
		at := part.start + in.offset
		switch in.Kind {
		case decode.Call:
			relocs := m.effective(part.relocs.Between(at+uint64(in.PC.Off), at+uint64(in.PC.Off)+1))
			var r object.Reloc
			if relocs.Len() > 0 {
				r = relocs.At(0)
			}
			symbol := w.p.callee(in, part.section, at, r, relocs.Len() > 0)
			return symbol != 0 && slices.ContainsFunc(lockKeys[sourceName(w.p.normal(symbol))], func(parameter int) bool {
				return parameter <= len(m.lines.Parameters) && held>>m.lines.Parameters[parameter-1]&1 != 0
			})
		case decode.Plain, decode.Nop:
		default:
			return false
		}
		e := m.lines.Effects(code[in.offset:][:in.Len], &in.Inst)
		low := m.effective(part.relocs.Between(at, at+uint64(in.Len)))
		derived := n == first || e.Reads&held != 0 && low.Len() > 0 && m.reloc(low.Type(0)).kind == relocLow12
		if held &^= e.Writes; derived {
			held |= e.Writes
		}
	}
	return false
}

// readAsKey reads a target as the label there, of several as one that keeps books.
func (p *program) readAsKey(t *target) {
	label := uint32(0)
	p.labelsOfData(p.code.SymbolsOf(t.section), t.at, func(other uint32) {
		if label == 0 || p.isBook(other) && !p.isBook(label) {
			label = other
		}
	})
	if label != 0 {
		*t = target{kind: targetName, symbol: label, section: t.section, at: t.at, extent: -1, biased: t.biased}
	}
}
