// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Keeps what it was given until a time.
contract Lock {
  uint256 public unlockTime;
  address payable public owner;
  event Withdrawal(uint256 amount, uint256 when);
  error TooEarly(uint256 now, uint256 until);

  constructor(uint256 until) payable {
    require(block.timestamp < until, "Unlock time should be in the future");
    unlockTime = until;
    owner = payable(msg.sender);
  }

  function withdraw() external {
    if (block.timestamp < unlockTime) revert TooEarly(block.timestamp, unlockTime);
    require(msg.sender == owner, "You aren't the owner");
    emit Withdrawal(address(this).balance, block.timestamp);
    owner.transfer(address(this).balance);
  }

  function randao() external view returns (uint256) { return block.prevrandao; }
  function beneficiary() external view returns (address) { return block.coinbase; }
}
