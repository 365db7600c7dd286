using System.Security.Cryptography;
using System.Text;

namespace AgentPki.Protocols.Acme.Validation;

/// <summary>The label that stands for an account in DNS (draft-ietf-acme-dns-account-label-03 §3.2): base32 of the first ten octets of SHA-256 over its URL.</summary>
internal static class AccountLabels
{
    // RFC 4648 §6, in lower case: DNS compares without case.
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    private const int Octets = 10;

    /// <summary>16 characters.</summary>
    public static string Of(string accountUrl)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(accountUrl)).AsSpan(0, Octets);
        var label = new StringBuilder(Octets * 8 / 5);
        var (bits, count) = (0, 0);
        foreach (var octet in digest)
        {
            bits = (bits << 8) | octet;
            for (count += 8; count >= 5; count -= 5)
            {
                label.Append(Alphabet[(bits >> (count - 5)) & 0x1F]);
            }

            bits &= 0xFF;
        }

        return label.ToString();
    }
}
