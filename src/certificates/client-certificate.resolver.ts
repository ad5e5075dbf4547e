import { Arg, Args, Ctx, FieldResolver, Mutation, Resolver } from 'type-graphql';
import { type Connection, toConnection } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { toCertificateId } from '../graphql/id-argument.js';
import type { Answer } from '../graphql/mutation-payload.js';
import { PageArgs, toPageRequest } from '../graphql/page-args.js';
import { Parent } from '../graphql/parent.js';
import { User } from '../users/user.entity.js';
import { ClientCertificate } from './client-certificate.entity.js';
import type { ClientCertificateService } from './client-certificate.service.js';
import { ClientCertificateConnection } from './client-certificate-connection.js';
import { RemoveCertificateInput } from './client-certificate-inputs.js';
import { RemoveCertificatePayload } from './client-certificate-payloads.js';

/** Client certificates by GraphQL. */
@Resolver(() => ClientCertificate)
export class ClientCertificateResolver {
  readonly #certificates: ClientCertificateService;

  constructor(certificates: ClientCertificateService) {
    this.#certificates = certificates;
  }

  @Mutation(() => RemoveCertificatePayload, {
    nullable: true,
    description:
      'Unbinds a client certificate, your own or with MANAGE that of another user, and ends the voice session of that user.',
  })
  async removeCertificate(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => RemoveCertificateInput, { description: 'Which one.' }) { id }: RemoveCertificateInput,
  ): Promise<Answer<RemoveCertificatePayload>> {
    await this.#certificates.remove(ctx, toCertificateId(id));
    return { removedId: id };
  }
}

/** The client certificates of a user. */
@Resolver(() => User)
export class UserCertificatesResolver {
  @FieldResolver(() => ClientCertificateConnection, {
    description: 'The certificates of Mumble clients: your own, or with MANAGE those of another.',
  })
  async certificates(
    @Ctx() ctx: GraphqlContext,
    @Parent() { id }: User,
    @Args() args: PageArgs,
  ): Promise<Connection<ClientCertificate>> {
    const page = toPageRequest(args);
    return toConnection(
      await ctx.loaders.certificatesOfUser.load({ owner: id, question: page }),
      page,
      (certificate) => certificate.id,
    );
  }
}
