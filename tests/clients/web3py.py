# web3py.py - what a developer does with web3.py on a development chain.
#   web3py.py URL CONTRACTS.JSON
# Prints "ok NAME" or "not ok NAME" for each case.
import asyncio
import json
import sys
import traceback

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from web3 import AsyncWeb3, Web3
from web3.exceptions import ContractLogicError

url, contracts = sys.argv[1], json.load(open(sys.argv[2]))
w3 = Web3(Web3.HTTPProvider(url))
alice = Account.from_key(
    '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80')
bob = Account.from_key(
    '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d')
shared = {}
failed = 0


def case(fn):
    global failed
    name = fn.__name__.replace('_', ' ')
    try:
        fn()
        print('ok', name)
    except Exception:
        failed += 1
        print('not ok', name)
        traceback.print_exc()


def send(account, **fields):
    tx = {'chainId': w3.eth.chain_id, 'gas': 100000,
          'nonce': w3.eth.get_transaction_count(account.address, 'pending'),
          **fields}
    signed = account.sign_transaction(tx)
    return w3.eth.wait_for_transaction_receipt(
        w3.eth.send_raw_transaction(signed.raw_transaction), timeout=60)


@case
def chain_and_client():
    assert w3.is_connected() and w3.eth.chain_id == 31337
    assert 'CyberMiles' in w3.client_version
    assert w3.net.version == '31337' and w3.net.listening
    assert w3.eth.accounts[0] == alice.address
    assert w3.eth.syncing is False


@case
def value_arrives_and_costs_nothing():
    before = w3.eth.get_balance(alice.address)
    r = send(alice, to=bob.address, value=12345, gasPrice=0)
    assert r['status'] == 1 and r['effectiveGasPrice'] == 0
    assert w3.eth.get_balance(alice.address) == before - 12345


@case
def every_type_of_transaction_at_base_fee_0():
    for kind, fields in [
            (0, {'gasPrice': 0}), (0, {'gasPrice': 10**9}),
            (1, {'type': 1, 'gasPrice': 0, 'accessList': [
                {'address': bob.address, 'storageKeys': ['0x' + '00' * 32]}]}),
            (2, {'type': 2, 'maxFeePerGas': 0, 'maxPriorityFeePerGas': 0}),
            (2, {'type': 2, 'maxFeePerGas': 10**9,
                 'maxPriorityFeePerGas': 10**9})]:
        r = send(alice, to=bob.address, value=1, **fields)
        assert r['type'] == kind and r['status'] == 1
        tx = w3.eth.get_transaction(r['transactionHash'])
        assert tx['from'] == alice.address and tx['type'] == kind


@case
def a_delegation_of_type_4():
    auth = bob.sign_authorization({
        'chainId': 31337, 'address': '0x' + '11' * 20,
        'nonce': w3.eth.get_transaction_count(bob.address)})
    r = send(alice, to=alice.address, value=0, maxFeePerGas=0,
             maxPriorityFeePerGas=0, authorizationList=[auth])
    assert r['type'] == 4 and r['status'] == 1
    assert w3.eth.get_code(bob.address).hex().endswith('ef0100' + '11' * 20)


@case
def contract_deployed_called_changed():
    c = contracts['Token']
    made = w3.eth.contract(abi=c['abi'], bytecode=c['bytecode'])
    tx = made.constructor().transact({'from': alice.address})
    r = w3.eth.wait_for_transaction_receipt(tx)
    token = shared['token'] = w3.eth.contract(r['contractAddress'],
                                              abi=c['abi'])
    assert token.functions.symbol().call() == 'SHOP'
    tx = token.functions.transfer(bob.address, 77).transact(
        {'from': alice.address})
    r = w3.eth.wait_for_transaction_receipt(tx)
    event, = token.events.Transfer().process_receipt(r)
    assert event['args']['value'] == 77
    assert token.functions.balanceOf(bob.address).call() == 77
    assert token.functions.balanceOf(bob.address).call(
        block_identifier=r['blockNumber'] - 1) == 0


@case
def logs_of_a_range_and_of_a_filter():
    token = shared['token']
    logs = token.events.Transfer().get_logs(
        from_block=0, argument_filters={'to': bob.address})
    assert len(logs) == 1 and logs[0]['args']['from'] == alice.address
    f = w3.eth.filter({'address': token.address})
    new = w3.eth.filter('latest')
    token.functions.transfer(bob.address, 1).transact({'from': alice.address})
    assert len(f.get_new_entries()) == 1
    assert len(new.get_new_entries()) == 1
    assert f.get_new_entries() == []


@case
def revert_with_its_reason():
    c = contracts['Moods']
    tx = w3.eth.contract(abi=c['abi'], bytecode=c['bytecode']).constructor(
    ).transact({'from': alice.address})
    moods = w3.eth.contract(
        w3.eth.wait_for_transaction_receipt(tx)['contractAddress'],
        abi=c['abi'])
    try:
        moods.functions.fails().call()
        raise AssertionError('no revert')
    except ContractLogicError as e:
        assert 'shop is closed' in str(e)
    assert moods.functions.ping().estimate_gas({'from': alice.address}) > 21000


@case
def gas_costs_nothing():
    assert w3.eth.gas_price == 0 and w3.eth.max_priority_fee == 0
    h = w3.eth.fee_history(3, 'latest', [10, 90])
    assert h['baseFeePerGas'] == [0] * 4 and len(h['gasUsedRatio']) == 3
    assert h['reward'] == [[0, 0]] * 3


@case
def blocks_whole_with_an_edit_among_them():
    w3.provider.make_request('hardhat_setBalance', ['0x' + 'aa' * 20, '0x64'])
    for n in range(w3.eth.block_number + 1):
        b = w3.eth.get_block(n, full_transactions=True)
        assert b['number'] == n and b['baseFeePerGas'] == 0
        receipts = w3.eth.get_block_receipts(n)
        assert len(receipts) == len(b['transactions'])
        for t, r in zip(b['transactions'], receipts):
            assert r['transactionHash'] == t['hash'] and r['from'] == t['from']


@case
def proof_of_a_slot():
    token = shared['token']
    p = w3.eth.get_proof(token.address, [2])
    assert int.from_bytes(p['storageProof'][0]['value'], 'big') == 10**21
    assert p['nonce'] == 1


@case
def signatures_by_the_node():
    sig = w3.eth.sign(alice.address, text='hello')
    assert Account.recover_message(encode_defunct(text='hello'),
                                   signature=sig) == alice.address
    data = {'types': {'EIP712Domain': [{'name': 'name', 'type': 'string'}],
                      'Order': [{'name': 'price', 'type': 'uint256'}]},
            'primaryType': 'Order', 'domain': {'name': 'shop'},
            'message': {'price': 5}}
    sig = w3.eth.sign_typed_data(alice.address, data)
    assert Account.recover_message(encode_typed_data(full_message=data),
                                   signature=sig) == alice.address


@case
def state_and_block_overrides_of_a_call():
    who = '0x00000000000000000000000000000000000000AA'
    # NUMBER PUSH0 MSTORE 32 PUSH0 RETURN
    got = w3.eth.call({'to': who}, 'latest', {who: {'code': '0x435f5260205ff3'}})
    assert int.from_bytes(got, 'big') == w3.eth.block_number


@case
def snapshot_and_time():
    ask = w3.provider.make_request
    snap = ask('evm_snapshot', [])['result']
    at = w3.eth.block_number
    ask('evm_increaseTime', [1000])
    ask('evm_mine', [])
    assert w3.eth.block_number == at + 1
    assert ask('evm_revert', [snap])['result'] is True
    assert w3.eth.block_number == at


@case
def subscriptions_over_websocket():
    async def listen():
        async with AsyncWeb3(AsyncWeb3.WebSocketProvider(
                url.replace('http', 'ws'))) as ws:
            heads = await ws.eth.subscribe('newHeads')
            logs = await ws.eth.subscribe(
                'logs', {'address': shared['token'].address})
            tx = shared['token'].functions.transfer(bob.address, 3).transact(
                {'from': alice.address})
            r = w3.eth.wait_for_transaction_receipt(tx)
            seen = {}
            async for m in ws.socket.process_subscriptions():
                seen[m['subscription']] = m['result']
                if len(seen) == 2:
                    break
            assert seen[heads]['number'] == r['blockNumber']
            assert seen[logs]['transactionHash'] == tx
    asyncio.run(asyncio.wait_for(listen(), 30))


sys.exit(1 if failed else 0)
