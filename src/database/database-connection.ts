/** Where PostgreSQL is: an URL, or the socket of the embedded one. */
export type DatabaseConnection =
  | { readonly kind: 'url'; readonly url: string }
  | {
      readonly kind: 'socket';
      /** The folder of the socket. */
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly database: string;
    };
