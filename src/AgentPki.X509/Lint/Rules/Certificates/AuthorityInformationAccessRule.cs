using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Locations of OCSP and issuer certificates are http URLs: https would need what it is to give.</summary>
internal sealed class AuthorityInformationAccessRule() : CertificateRule("authority_information_access", LintSeverity.Error, "RFC 5280 §4.2.2.1, RFC 5019 §5")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var access in certificate.AuthorityInformationAccess)
        {
            if (access.Method is not (Oids.AccessMethodOcsp or Oids.AccessMethodCaIssuers))
            {
                return $"Access method {access.Method} is not one of RFC 5280.";
            }

            if (access.Location is not GeneralName.Uri uri || !HttpUrls.IsHttp(uri.Value))
            {
                return $"'{access.Location}' is not an http URL.";
            }
        }

        return null;
    }
}
