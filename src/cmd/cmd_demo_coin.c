/* cmd_demo_coin.c - the demo shop's second money: "Demo Euro" (DEUR), an ERC-20
** contract of 6 decimals.  Its supply of 1,000,000 is the operator's, who gives
** 5,000 to each buyer; what is sold as a file costs DEUR.
**
** The contract's creation code, by solc 0.8.37 with --via-ir --optimize
** --optimize-runs 1 --revert-strings strip --no-cbor-metadata, of:
**
**   contract DemoEuro {
**     string public constant name = "Demo Euro";
**     string public constant symbol = "DEUR";
**     uint8 public constant decimals = 6;
**     uint256 public constant totalSupply = 1e12;
**     mapping(address => uint256) public balanceOf;
**     mapping(address => mapping(address => uint256)) public allowance;
**     event Transfer(address indexed from, address indexed to,
**                    uint256 amount);
**     event Approval(address indexed owner, address indexed spender,
**                    uint256 amount);
**     constructor() {
**       balanceOf[msg.sender] = totalSupply;
**       emit Transfer(address(0), msg.sender, totalSupply);
**     }
**     function move(address from, address to, uint256 n) private
**         returns (bool) {
**       balanceOf[from] -= n;
**       unchecked { balanceOf[to] += n; }
**       emit Transfer(from, to, n);
**       return true;
**     }
**     function transfer(address to, uint256 n) external returns (bool) {
**       return move(msg.sender, to, n);
**     }
**     function approve(address to, uint256 n) external returns (bool) {
**       allowance[msg.sender][to] = n;
**       emit Approval(msg.sender, to, n);
**       return true;
**     }
**     function transferFrom(address from, address to, uint256 n) external
**         returns (bool) {
**       allowance[from][msg.sender] -= n;
**       return move(from, to, n);
**     }
**   } */
#include "cmd/cmd_demo_int.h"
#include "codec/hex.h"
#include "evm/evm.h"

#define COIN_GIFT 5000u /* DEUR */
#define COIN_MODULE "0x0000000000000000000000000000000000001013"

static const char coin_code[] =
  "60808060405234605957335f525f60205264e8d4a5100060405f205564e8d4a510008152"
  "5f7fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef6020"
  "3393a36040516103e1908161005e8239f35b5f80fdfe6080604052600436101561001157"
  "5f80fd5b5f3560e01c806306fdde03146102b0578063095ea7b31461023757806318160d"
  "dd1461021857806323b872dd146101ba578063313ce5671461019f57806370a082311461"
  "016857806395d89b4114610102578063a9059cbb146100d05763dd62ed3e1461007c575f"
  "80fd5b346100cc5760403660031901126100cc57610095610329565b61009d61033f565b"
  "6001600160a01b039182165f908152600160209081526040808320949093168252928352"
  "819020549051908152f35b5f80fd5b346100cc5760403660031901126100cc5760206100"
  "f86100ee610329565b6024359033610376565b6040519015158152f35b346100cc575f36"
  "60031901126100cc5760408051908101906001600160401b038211818310176101545761"
  "01509160405260048152632222aaa960e11b6020820152604051918291826102ff565b03"
  "90f35b634e487b7160e01b5f52604160045260245ffd5b346100cc576020366003190112"
  "6100cc576001600160a01b03610189610329565b165f525f602052602060405f20546040"
  "51908152f35b346100cc575f3660031901126100cc57602060405160068152f35b346100"
  "cc5760603660031901126100cc5760206100f86101d8610329565b6101e061033f565b60"
  "01600160a01b0382165f9081526001855260408082203383528652902080546044359391"
  "90610211908590610355565b9055610376565b346100cc575f3660031901126100cc5760"
  "2060405164e8d4a510008152f35b346100cc5760403660031901126100cc576102506103"
  "29565b335f8181526001602090815260408083206001600160a01b039095168084529482"
  "52918290206024359081905591519182527f8c5be1e5ebec7d5bd14f71427d1e84f3dd03"
  "14c0f7b2291e5b200ac8c7c3b92591a3602060405160018152f35b346100cc575f366003"
  "1901126100cc5760408051908101906001600160401b0382118183101761015457610150"
  "91604052600981526844656d6f204575726f60b81b6020820152604051918291825b6020"
  "60409281835280519182918282860152018484015e5f828201840152601f01601f191601"
  "0190565b600435906001600160a01b03821682036100cc57565b602435906001600160a0"
  "1b03821682036100cc57565b9190820391821161036257565b634e487b7160e01b5f5260"
  "1160045260245ffd5b60207fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a116"
  "28f55a4df523b3ef9160018060a01b031692835f525f825260405f206103b88682546103"
  "55565b90556001600160a01b03165f818152808352604090819020805487019055519485"
  "5293a360019056";

err cmd_demo_coin_open(struct demo *d) {
  u8 code[sizeof coin_code / 2];
  MUST(hex_decode(code, coin_code, sizeof coin_code - 1) == ERR_OK);
  evm_create_addr(&d->coin, &d->addr[DEMO_OPERATOR], d->nonce[DEMO_OPERATOR]);
  hex_addr(d->coin_hex, &d->coin);
  TRY(cmd_demo_create(d, DEMO_OPERATOR, slice_of(code, sizeof code)));
  for (u32 i = 0; i < CMD_DEMO_BUYERS; i++) {
    TRY(cmd_demo_call(d, DEMO_OPERATOR, &d->coin, "transfer(address,uint256)",
                      "(%s,%u" DEMO_MICRO ")", d->hex[CMD_DEMO_SHOPS + i],
                      COIN_GIFT * 1000));
  }
  return ERR_OK;
}

/* One order of each file, by as many buyers. */
err cmd_demo_coin_orders(struct demo *d) {
  u32 who = CMD_DEMO_SHOPS;
  for (u32 i = 0; i < cmd_demo_item_cnt && who < DEMO_OPERATOR; i++) {
    const struct cmd_demo_item *it = &cmd_demo_item[i];
    if (it->kind != CMD_DEMO_FILE) continue;
    TRY(cmd_demo_call(d, who, &d->coin, "approve(address,uint256)",
                      "(" COIN_MODULE ",%u" DEMO_MICRO ")", it->price));
    TRY(cmd_demo_send(d, who, DEMO_ORDERS, 0, NULL, NULL,
        "place((address,(uint64,uint32,uint16,uint32)[],bytes8,address,uint256,"
        "uint64,address,uint64,bytes,uint64,uint256,bytes32,bytes32))",
        "((%s,[(%llu,1,0,1)],0,%s,%u" DEMO_MICRO ",0,0,0,0,0,0,0,0))",
        d->hex[it->shop], (unsigned long long)d->listing[i], d->coin_hex,
        it->price));
    who++;
  }
  return ERR_OK;
}
#undef COIN_GIFT
#undef COIN_MODULE
