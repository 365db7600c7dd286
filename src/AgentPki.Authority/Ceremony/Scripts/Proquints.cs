using System.Text;

namespace AgentPki.Authority.Ceremony.Scripts;

/// <summary>
/// Digests as words that can be read aloud: each 16 bits are a word of five letters, consonants and vowels in turn, as in D. S. Wilkerson, "A Proposal
/// for Proquints" (arXiv:0901.4016). No list of words is needed, and whoever checks can spell.
/// </summary>
public static class Proquints
{
    private const string Consonants = "bdfghjklmnprstvz", Vowels = "aiou";

    /// <summary>Words with '-' between them; an odd last octet is padded with zeros.</summary>
    public static string Encode(ReadOnlySpan<byte> octets)
    {
        var words = new StringBuilder();
        for (var i = 0; i < octets.Length; i += 2)
        {
            var bits = (octets[i] << 8) | (i + 1 < octets.Length ? octets[i + 1] : 0);
            _ = words.Length == 0 ? words : words.Append('-');
            words.Append(Consonants[bits >> 12]).Append(Vowels[(bits >> 10) & 3]).Append(Consonants[(bits >> 6) & 15]).Append(Vowels[(bits >> 4) & 3]).Append(Consonants[bits & 15]);
        }

        return words.ToString();
    }
}
