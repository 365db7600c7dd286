using System.Net.Mail;
using AgentPki.Authority.Acme.Validation;

namespace AgentPki.Authority.Acme;

/// <summary>RFC 8555 §7.3: mail addresses, one each URL, without header fields (RFC 6068 §2).</summary>
internal static class AcmeContacts
{
    private const int Maximum = 10;
    private const string Scheme = "mailto:";

    public static AcmeProblem? Check(IReadOnlyList<string> contacts)
    {
        if (contacts.Count > Maximum)
        {
            return new AcmeProblem(AcmeErrorType.InvalidContact, $"{contacts.Count} contacts; at most {Maximum} are kept.");
        }

        foreach (var contact in contacts)
        {
            if (!contact.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            {
                return new AcmeProblem(AcmeErrorType.UnsupportedContact, "Only mailto: URLs are taken as contacts.");
            }

            var address = contact[Scheme.Length..];
            if (address.Length > 254 || address.AsSpan().ContainsAny(",?&% ") || address.Any(char.IsControl) || !MailAddress.TryCreate(address, out var mail) || mail.Address != address)
            {
                return new AcmeProblem(AcmeErrorType.InvalidContact, "A contact is one mail address, without header fields: mailto:someone@example.org (RFC 8555 §7.3).");
            }
        }

        return null;
    }
}
