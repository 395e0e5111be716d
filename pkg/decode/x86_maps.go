// SPDX-License-Identifier: MIT

package decode

// x86Maps are the opcode maps of 64-bit mode (Intel SDM volume 2, appendix A;
// the AVX-512, AVX10 and APX specifications; AMD APM volumes 3 to 6). The
// letters are explained in x86_tables.go; rows without an instruction are
// left out.
//
// The maps say which opcodes exist and how they go on. Which combinations of
// an opcode with a mandatory prefix, a vector length or W exist changes no
// length and is not checked, with the few exceptions of x86Group.
var x86Maps = [x86TableCount][]string{
	tableOne: {
		// 0123456789ABCDEF
		"0 mmmmbz..mmmmbz.x",
		"1 mmmmbz..mmmmbz..",
		"2 mmmmbzp.mmmmbzp.",
		"3 mmmmbzp.mmmmbzp.",
		"4 pppppppppppppppp", // REX
		"5 nnnnnnnnnnnnnnnn",
		"6 ..xmppppzZbBnnnn", // EVEX
		"7 jjjjjjjjjjjjjjjj",
		"8 BZ.BmmmmmmmmmMmx", // pop or XOP
		"9 Nnnnnnnnnn.nnnnn",
		"A aaaannnnbznnnnnn",
		"B bbbbbbbbvvvvvvvv",
		"C BBwrxxhHenwrtb.r", // VEX
		"D mmmm.xtnmmmmmmmm", // REX2, udb
		"E jjjjbbbbCK.knnnn",
		"F ptppnnggnnnnnngg",
	},
	table0F: {
		// 0123456789ABCDEF
		"0 ggmm.nnrnn.t.mns", // ..., 3DNow!
		"1 mmmMmmmMmmmmmmmO",
		"2 cccc....mmmMmmmm",
		"3 nnnnnr.nx.x.....",
		"4 mmmmmmmmmmmmmmmm",
		"5 Rmmmmmmmmmmmmmmm",
		"6 mmmmmmmmmmmmmmmm",
		"7 Bhhhmmmngm..mmmm",
		"8 JJJJJJJJJJJJJJJJ",
		"9 mmmmmmmmmmmmmmmm",
		"A nnnmBmRRnnrmBmmm",
		"B mmMmMMmmgThmmmmm",
		"C mmBMBQBgnnnnnnnn",
		"D mmmmmmmRmmmmmmmm",
		"E mmmmmmmMmmmmmmmm",
		"F MmmmmmmRmmmmmmmT",
	},
	table0F38: {
		// 0123456789ABCDEF
		"0 mmmmmmmmmmmm....",
		"1 m...mm.m....mmm.",
		"2 mmmmmm..mmMm....",
		"3 mmmmmm.mmmmmmmmm",
		"4 mm..............",
		"8 MMM.......MM....", // invept, ...; movrs
		"C ........mmmmmm.m",
		"D ........M..mmmmm",
		"F mm...Mm.mMRRM...",
	},
	table0F3A: {
		// 0123456789ABCDEF
		"0 ........BBBBBBBB",
		"1 ....BBBB........",
		"2 BBB.............",
		"4 BBB.B...........",
		"6 BBBB............",
		"C ............B.BB",
		"D ...............B",
		"F Q...............",
	},
	tableVEX1: {
		// 0123456789ABCDEF
		"1 mmmMmmmM........",
		"2 ........mmmMmmmm",
		"4 .RR.RRRR..RR....",
		"5 Rmmmmmmmmmmmmmmm",
		"6 mmmmmmmmmmmmmmmm",
		"7 BQQQmmmn....mmmm",
		"9 mMRR....RR......",
		"A ..............M.",
		"C ..B.BQB.........",
		"D mmmmmmmRmmmmmmmm",
		"E mmmmmmmMmmmmmmmm",
		"F MmmmmmmRmmmmmmm.",
	},
	tableVEX2: {
		// 0123456789ABCDEF
		"0 mmmmmmmmmmmmmmmm",
		"1 ...m..mmmmm.mmm.",
		"2 mmmmmm..mmMmMMMM",
		"3 mmmmmmmmmmmmmmmm",
		"4 mm...mmmRmMM....", // AMX: 48 to 4B
		"5 mmmm....mmm.R.RR", // AMX: 5C, 5E, 5F
		"6 ...........RR.mm", // AMX
		"7 ..m.....mm......",
		"8 ............M.M.",
		"9 MMMM..mmmmmmmmmm",
		"A ......mmmmmmmmmm",
		"B MM..mmmmmmmmmmmm",
		"C ...........RRR.m",
		"D ..mm......mmmmmm",
		"E MMMMMMMMMMMMMMMM", // cmpccxadd
		"F ..mm.mmm........",
	},
	tableVEX3: {
		// 0123456789ABCDEF
		"0 BBB.BBB.BBBBBBBB",
		"1 ....BBBBBB...B..",
		"2 BBB.............",
		"3 QQQQ....BB......",
		"4 BBB.B.B.BBBBB...", // XOP's vpermil2: 48, 49
		"5 ............BBBB", // FMA4
		"6 BBBB....BBBBBBBB", // FMA4
		"7 ........BBBBBBBB", // FMA4
		"C ..............BB",
		"D ..............BB",
		"F B...............",
	},
	tableVEX5: {
		"F ........MM...R..", // AMX
	},
	tableVEX7: {
		"F ......D.D.......", // rdmsr and wrmsrns, urdmsr and uwrmsr
	},
	tableEVEX1: {
		// 0123456789ABCDEF
		"1 mmmMmmmM........",
		"2 ........mmmMmmmm",
		"5 .m..mmmmmmmmmmmm",
		"6 mmmmmmmmmmmmmmmm",
		"7 BBBBmmm.mmmm..mm",
		"9 mMRR............",
		"C ..B.BQB.........",
		"D .mmmmmm.mmmmmmmm",
		"E mmmmmmmmmmmmmmmm",
		"F .mmmmmm.mmmmmmm.",
	},
	tableEVEX2: {
		// 0123456789ABCDEF
		"0 m...m......mmm..",
		"1 mmmmmmm.mmmmmmmm",
		"2 mmmmmmmmmmmmmm..",
		"3 mmmmmmmmmmmmmmmm",
		"4 mmmmmmmm.mmmmmmm",
		"5 mmmmmm..mmmmR.R.",
		"6 ..mmmmmmm....mMM",
		"7 mmmmmmmmmmmmmmmm",
		"8 ...m....mmmm.m.m",
		"9 MMMM..mmmmmmmmmm",
		"A MMMM..mmmmmmmmmm",
		"B ....mmmmmmmmmmmm",
		"C ....m.MMm.mmmm.m",
		"D ..mm......m.mmmm",
		"E MMMMMMMMMMMMMMMM",
		"F ..mm.mmm........",
	},
	tableEVEX3: {
		// 0123456789ABCDEF
		"0 BB.BBB.QBBBB...B",
		"1 ....BBBBBBBB.BBB",
		"2 BBBB.BBB.......Q",
		"3 ........BBBB.BBB",
		"4 ..BBB...........",
		"5 BBBBBBBB........",
		"6 ......BB........",
		"7 BBBB...Q........",
		"8 .............Q.Q",
		"C ..B...........BB",
		"F B...............",
	},
	tableEVEX4: {
		// 0123456789ABCDEF
		"0 mmmm....mmmm....",
		"1 mmmm....mmmm....",
		"2 mmmmB...mmmmB...",
		"3 mmmm....mmmm....",
		"4 mmmmmmmmmmmmmmmm",
		"6 mm...mm..Z.B....",
		"8 BZ.Bmm..m.MM...g",
		"A .....m.......m.m",
		"C BB..............",
		"D mmmm............",
		"F mmm.mmggmm..M.gg",
	},
	tableEVEX5: {
		// 0123456789ABCDEF
		"1 mm......m..m.mm.",
		"2 ..........m.mmmm",
		"3 ......mmmmmmmmm.",
		"5 .m......mmmmmmmm",
		"6 ........mmmmmmmM",
		"7 ....m...mmmmmmm.",
		"F ........MM......",
	},
	tableEVEX6: {
		// 0123456789ABCDEF
		"1 ...m............",
		"2 ............mm..",
		"4 ..mm........mmmm",
		"5 ......mm........",
		"8 mm..............",
		"9 .....mmmmmmmmmmm",
		"A ......mmmmmmmmmm",
		"B ......mmmmmmmmmm",
		"D ......mm........",
	},
	tableEVEX7: {
		"F ......D.D.......",
	},
	tableXOP8: {
		// 0123456789ABCDEF
		"8 .....BBB......BB",
		"9 .....BBB......BB",
		"A ..BB..B.........",
		"B ......B.........",
		"C BBBB........BBBB",
		"E ............BBBB",
	},
	tableXOP9: {
		// 0123456789ABCDEF
		"0 .mm.............",
		"1 ..R.............",
		"8 mmmm............",
		"9 mmmmmmmmmmmm....",
		"C .mmm..mm...m....",
		"D .mmm..mm...m....",
		"E .mmm............",
	},
	tableXOPA: {
		"1 D.D.............",
	},
}
