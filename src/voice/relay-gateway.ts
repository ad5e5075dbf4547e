import type { SessionId } from '../ids.js';
import type { MessageToGateway } from '../mumble/gateway-messages.js';

/** A door's voice in the relay's thread, outside its core: to the relay its sessions get their voice by a tunnel. */
export interface RelayGateway {
  /** The main thread says something. */
  onMessage(message: MessageToGateway): void;
  /** The relay may have come to know sessions of the gateway. */
  relayUpdated(): void;
  /**
   * The first `bytes` of `packet` are for these sessions but for one. Returns those that the gateway does not serve, with
   * or without that one. The packet is not kept; a list that comes again is the same as before.
   */
  deliver(
    sessionIds: readonly SessionId[],
    except: SessionId | null,
    packet: Uint8Array,
    bytes: number,
  ): readonly SessionId[];
}
