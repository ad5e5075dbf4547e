import { connectionOf } from '../graphql/connection.js';
import { ClientCertificate } from './client-certificate.entity.js';

export const ClientCertificateConnection = connectionOf(
  'ClientCertificate',
  'client certificates',
  () => ClientCertificate,
);
